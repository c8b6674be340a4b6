"""An application to stop in, and a request to stop it with."""

from japy import Application, Request, Response

app = Application()
PEOPLE = ["Ada", "Bo", "Cleo", "Dan"]


def person_for(week: int) -> str:
    turn = (week - 1) % len(PEOPLE)
    return PEOPLE[turn]


@app.get("/rubbish/{week:int}")
def rubbish(request: Request) -> Response:
    week = request.match_dict["week"]
    person = person_for(week)
    return request.Response(f"Week {week}: {person}\n")


if __name__ == "__main__":
    with app.test_client() as client:
        print(client.get("/rubbish/1").text)
