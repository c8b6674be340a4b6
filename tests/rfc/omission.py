"""What no row puts to the test although an RFC asks it, or what japy does otherwise, and why."""

OMISSIONS = (
    (
        "What concerns clients, proxies, gateways, tunnels and caches: Via, Max-Forwards, removing "
        "fields that Connection names, retries, storing answers",
        "japy is an origin server.",
    ),
    (
        "RFC 9110 §8 and §11 to §14: representations, authentication, negotiation, conditional and "
        "range requests; which status and which fields an answer has",
        "These are the handler's. Rows ask only for what japy writes itself.",
    ),
    (
        "RFC 9112 §9.7 and §9.8, RFC 9110 §4.2.2: TLS",
        "The rows are sent without it. `tests/live/test_tls.py` speaks it.",
    ),
    (
        "RFC 9112 §9.5, RFC 9110 §15.5.9: what is late, 408, connections without a request",
        "A row would take seconds. `tests/core/test_protocol_time.py` and "
        "`tests/core/test_protocol_reap.py` have a clock of their own.",
    ),
    (
        "RFC 9112 §9.4: how many connections there may be",
        "`tests/live/test_hostile.py` opens more than are allowed, and reads 503.",
    ),
    (
        "RFC 9112 §7.2: compressed transfer codings",
        "japy knows chunked and nothing else; the others are answered with 501.",
    ),
    (
        "RFC 9112 §6.3: 400 if chunked is not the last coding",
        "So it is where chunked is there. Where it is not, §6.1 asks for 501, and japy follows "
        "that. The connection is closed in either case.",
    ),
    (
        "RFC 9110 §5.6.1.2: empty elements of a list are ignored",
        "In Connection they are. In Transfer-Encoding and Content-Length they are refused, as "
        "others read them in other ways: the rows say 400.",
    ),
    (
        "RFC 9112 §2.2, §5.2, §6.3: what a recipient may make sense of: bare LF, folded lines, "
        "equal lengths, Transfer-Encoding beside Content-Length",
        "All of it is refused; the rows show what else would be allowed.",
    ),
    (
        "RFC 9110 §9.1: 501 for a method that the server does not know, rather than 405",
        "Any token may be the method of a route, so japy has no list to look it up in. It answers "
        "405 with Allow.",
    ),
    (
        "RFC 9112 §3: 400 for a target with characters that no URI has",
        "Control characters, white space and `#` are refused. Bytes beyond ASCII, braces, bars "
        "and the like are passed on: browsers send them.",
    ),
    (
        "RFC 9112 §7.1.2: trailer fields may be merged or kept",
        "They are checked, counted, and dropped.",
    ),
    (
        "RFC 9110 §7.8 and §15.2: other protocols and interim answers of a handler",
        "japy ignores Upgrade and sends no interim answer but 100.",
    ),
)
