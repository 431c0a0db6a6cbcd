# The page on which the HTTP API is tried
docs-title = HTTP API
docs-hint = Every call with its parameters, examples and answers. What is sent from here is done by this server. The whole document:
docs-find = Find a call
docs-token = Token (kept on this page only)
docs-needed = needed
docs-body = Body
docs-send = Send
docs-example = Example
docs-failed = No answer came
docs-link = HTTP API
