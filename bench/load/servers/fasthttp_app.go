// The workloads on fasthttp, with its own router's place taken by a switch.
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

type message struct {
	Message string `json:"message"`
}

type person struct {
	Name string `json:"name"`
}

func serve(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	ctx.SetContentType("text/plain; charset=utf-8")
	switch {
	case path == "/json":
		ctx.SetContentType("application/json")
		body, _ := json.Marshal(message{"Hello world!"})
		ctx.SetBody(body)
	case path == "/sleep0":
		runtime.Gosched()
		ctx.SetBodyString("Hello world!")
	case path == "/post":
		var who person
		if err := json.Unmarshal(ctx.PostBody(), &who); err != nil {
			ctx.Error("not JSON", fasthttp.StatusBadRequest)
			return
		}
		ctx.SetBodyString(who.Name)
	case path == "/upload":
		ctx.SetBodyString(strconv.Itoa(len(ctx.PostBody())))
	case strings.HasPrefix(path, "/users/"):
		ctx.SetBodyString(path[len("/users/"):])
	default:
		ctx.SetBodyString("Hello world!")
	}
}

func main() {
	server := &fasthttp.Server{Handler: serve}
	if err := server.ListenAndServe("127.0.0.1:" + os.Args[1]); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
