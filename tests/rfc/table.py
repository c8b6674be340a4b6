"""The table: every row, in the order of its topics, and what the sections of the RFCs are about."""

from tests.rfc import (
    chunk,
    coding,
    connection,
    cut,
    expect,
    field,
    host,
    length,
    limit,
    line,
    message,
    pipeline,
    reply,
    smuggling,
    target,
    upgrade,
)
from tests.rfc.row import Row

TOPICS: dict[str, list[Row]] = {
    "Message and version": message.ROWS,
    "Request line and method": line.ROWS,
    "Target": target.ROWS,
    "Host": host.ROWS,
    "Fields": field.ROWS,
    "Content-Length": length.ROWS,
    "Transfer-Encoding": coding.ROWS,
    "Chunks": chunk.ROWS,
    "Incomplete messages": cut.ROWS,
    "Connections": connection.ROWS,
    "Pipelining": pipeline.ROWS,
    "Expect and 100": expect.ROWS,
    "Upgrade": upgrade.ROWS,
    "Answers": reply.ROWS,
    "Limits": limit.ROWS,
    "Request smuggling": smuggling.ROWS,
}
ROWS = [row for rows in TOPICS.values() for row in rows]
