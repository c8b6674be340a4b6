"""Foreign: options of uvicorn and gunicorn that japy calls otherwise, or does not need.

Knows what to say to somebody who types one of them. tests/cli/test_foreign.py holds this against
the option lists of both servers.
"""

RENAMED = {  # to options of japy's
    "--pid": "--pid-file",
    "--graceful-timeout": "--timeout-graceful-shutdown",
    "--timeout": "--timeout-worker-healthcheck",
    "-t": "--timeout-worker-healthcheck",
    "--max-requests": "--limit-max-requests",
    "--max-requests-jitter": "--limit-max-requests-jitter",
    "--keep-alive": "--timeout-keep-alive",
    "--access-logformat": "--access-log-format",
    "--log-config-json": "--log-config",
    "--limit-request-field-size": "--limit-request-head",
    "--limit-request-field_size": "--limit-request-head",
    "--certfile": "--ssl-certfile",
    "--keyfile": "--ssl-keyfile",
    "--ca-certs": "--ssl-ca-certs",
    "--cert-reqs": "--ssl-cert-reqs",
    "--ciphers": "--ssl-ciphers",
    "--chdir": "--app-dir",
    "--pythonpath": "--app-dir",
    "--reload-extra-file": "--reload-include",
}
WEBSOCKETS = "japy serves no WebSockets yet"
ANSWERS = {  # why there is no such option, and what to do
    "--http": "japy has one implementation of HTTP, so leave this out",
    "--http2": "japy speaks HTTP/1.1; put a proxy that speaks HTTP/2 before it",
    "--ws": f"{WEBSOCKETS}, so leave this out",
    "--ws-max-size": f"{WEBSOCKETS}; --limit-request-body limits what requests bring",
    "--ws-max-queue": f"{WEBSOCKETS}, so leave this out",
    "--ws-ping-interval": f"{WEBSOCKETS}, so leave this out",
    "--ws-ping-timeout": f"{WEBSOCKETS}, so leave this out",
    "--ws-per-message-deflate": f"{WEBSOCKETS}, so leave this out",
    "--lifespan": "hooks run if an application has some; write @app.lifespan and leave this out",
    "--interface": "japy serves its own applications, so leave this out",
    "--env-file": "variables are the shell's affair: `set -a; . ./FILE` before it, or use --config",
    "--server-header": "no Server header is sent; @app.after_response can add one",
    "--no-server-header": "no Server header is sent, so leave this out",
    "--date-header": "a Date header is always sent, so leave this out",
    "--no-date-header": "RFC 9110 asks for a Date header, so leave this out",
    "--root-path": "include the routes behind a prefix: app.include(router, prefix=...)",
    "--header": "@app.after_response adds a header to every answer",
    "--reset-contextvars": "each request has context variables of its own, so leave this out",
    "--no-reset-contextvars": "each request has context variables of its own, so leave this out",
    "--worker-class": "there is one kind of worker; --loop chooses its event loop",
    "-k": "there is one kind of worker; --loop chooses its event loop",
    "--threads": "an application calls japy.run_in_thread where it needs a thread",
    "--preload": "each worker imports the application, so that a new one sees new code",
    "--daemon": "a service manager does that; see the chapter on deploying",
    "-D": "a service manager does that; see the chapter on deploying",
    "--check-config": "write japy check",
    "--print-config": "write japy check --print-config",
}


def answer_to(option: str) -> str:
    """Return the sentence about a foreign option; empty for one that nobody has."""
    if option in RENAMED:
        return f"{option} is called {RENAMED[option]} here."
    return f"{option} is no option of japy: {ANSWERS[option]}." if option in ANSWERS else ""
