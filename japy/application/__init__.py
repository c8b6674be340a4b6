"""The application: routes, middleware, hooks, and how handlers run on asyncio."""
