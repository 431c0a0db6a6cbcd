# Workflows
menu-workflows = Workflows
workflow = Workflow
workflows-none = There are no workflows here.
graph = Graph
graph-too-large = { $n ->
    [one] { $shown } job: too much for a drawing, so here is a list.
   *[other] { $shown } jobs: too many for a drawing, so here is a list.
}
zoom-in = Larger
zoom-out = Smaller
zoom-all = All of it
waits-for = Waits for
retry-from = Retry from here
retry-from-title = Run this job again, and all that come after it
callback = Callback
part-of = Part of
and-more = and { $shown } more
notice-workflow-retried = Workflow { $n } gets another go.
notice-workflow-cancelled = Workflow { $n } is cancelled.
notice-workflow-cancel-asked = Workflow { $n } is cancelled as soon as the jobs that run have stopped.
actions = Actions
