# The words of the web pages. Each message is in every language; a test compares them.

# The frame
skip = Skip to the content
menu = Pages
menu-overview = Overview
menu-jobs = Jobs
menu-dead = Dead letters
menu-types = Types & queues
menu-new = New job
menu-nodes = Nodes
menu-settings = Settings
close = Close
back = Back
save = Save
choose = Choose
apply = Apply
copy = Copy
copied = Copied
any = any
all = All
more = and { $shown } more
now = now
time = Time
theme = Theme
theme-title = Theme: { $x }
theme-system = System
theme-light = Light
theme-dark = Dark
help-title = Keyboard
help-search = Search
help-move = Next and previous row
help-select = Select the row
help-open = Open the row
help-help = This help
live-connected = Live
live-reconnecting = Connection lost, reconnecting…
live-paused = Paused while hidden

# States: of many jobs, then of one
state-scheduled = Scheduled
state-blocked = Blocked
state-pending = Pending
state-running = Running
state-retrying = Retrying
state-completed = Completed
state-failed = Failed
state-cancelled = Cancelled
is-scheduled = Scheduled
is-blocked = Blocked
is-pending = Pending
is-running = Running
is-retrying = Retrying
is-completed = Completed
is-failed = Failed
is-cancelled = Cancelled
outcome-running = running
outcome-success = success
outcome-error = error
outcome-fatal = fatal error
outcome-timeout = timeout
outcome-cancelled = cancelled
outcome-snoozed = snoozed
outcome-lost = lost
outcome-released = released

# Times
ago-s = { $shown } s ago
ago-m = { $shown } min ago
ago-h = { $shown } h ago
ago-d = { $shown } d ago
in-s = in { $shown } s
in-m = in { $shown } min
in-h = in { $shown } h
in-d = in { $shown } d
unit-ms = { $shown } ms
unit-s = { $shown } s
unit-s-text = { $x } s
unit-m = { $shown } min
unit-h = { $shown } h
unit-d = { $shown } d

# Overview
throughput = Throughput
throughput-range = Span of time
throughput-chart = Completed and failed jobs over time
throughput-none = No job has ended in this time.
range-5m = 5 min
range-1h = 1 hour
range-1d = 1 day
oldest-pending = Oldest pending
latency-minute = Queue latency, last minute
latency-hour = Queue latency, last hour
enqueued-minute = Enqueued, last minute
nodes-alive = Nodes alive
nodes-and-work = Nodes and what they run
node-n = node { $n }
running-here = Running now
running-none = Nothing is running.
latest-failures = Latest failures
all-dead-letters = All dead letters
failures-none = No job has failed for good.

# Jobs
by-state = Jobs by state
search = Search
search-hint = Search args, targets, errors
search-goes-on = The search has looked at a part of the jobs so far; there are older ones.
filters = Filters
filter-remove = Remove this filter
filter-job-type = Type
filter-queue = Queue
filter-tag = Tag
filter-target-id = Target
filter-parent-job-id = Parent
filter-workflow-id = Workflow
filter-key = Key
filter-created-after = After
filter-created-before = Before
filter-q = Text
created-after = Created after
created-before = Created before
order = Order
order-newest = Newest first
order-oldest = Oldest first
order-priority = By priority
select-all-matching = All that match
select-all-n = All { $shown } that match
select-page = Select all on this page
select-job = Select job { $n }
selected = { $n ->
    [one] { $shown } selected
   *[other] { $shown } selected
}
new-jobs = { $n ->
    [one] Show { $shown } new
   *[other] Show { $shown } new
}
jobs-none = There are no jobs yet.
jobs-none-match = No job matches.
first-page = First page
next-page = Next page
look-further = Look further back
paging = Pages of the list
job = Job
job-type = Job type
state = State
progress = Progress
queue = Queue
target = Target
target-tags = Target, tags
tags = Tags
attempt = Attempt
took = Took
created = Created

# Actions
action-retry = Retry
action-cancel = Cancel
action-delete = Delete
action-redrive = Redrive
action-discard = Discard
action-again = Run again with edits
action-change = Change while it waits
action-pause = Pause
action-pause-all = Pause everything
action-resume-all = Resume everything
action-resume = Resume
confirm-retry = { $n ->
    [one] Retry { $shown } job?
   *[other] Retry { $shown } jobs?
}
confirm-cancel = { $n ->
    [one] Cancel { $shown } job?
   *[other] Cancel { $shown } jobs?
}
confirm-delete = { $n ->
    [one] Delete { $shown } job?
   *[other] Delete { $shown } jobs?
}
confirm-at-least = { $shown } were counted; there may be more. All that match are changed.
confirm-danger = This cannot be undone. Jobs whose state does not allow it are left as they are.

# Notices
notice-enqueued = Job { $n } is enqueued.
notice-duplicate = Job { $n } was there already; nothing was added.
notice-retried = Job { $n } gets another go.
notice-cancelled = Job { $n } is cancelled.
notice-cancel-asked = The worker of job { $n } was told to stop.
notice-deleted = Job { $n } is deleted.
notice-changed = Job { $n } is changed.
notice-retried-many = { $n ->
    [one] { $shown } job gets another go.
   *[other] { $shown } jobs get another go.
}
notice-cancelled-many = { $n ->
    [one] { $shown } job was cancelled or told to stop.
   *[other] { $shown } jobs were cancelled or told to stop.
}
notice-deleted-many = { $n ->
    [one] { $shown } job is deleted.
   *[other] { $shown } jobs are deleted.
}
notice-paused = Paused: nothing new is started.
notice-worker-asked = Asked. The worker hears of it with its next sign of life.
notice-resumed = Resumed.
notice-settings = Your settings are kept in this browser.
notice-type-changed = The limits are changed.

# One job
priority = Priority
retries = Retries
crashes = { $n ->
    [one] { $shown } crash
   *[other] { $shown } crashes
}
cancel-asked = Cancel asked for
error = Error
timeline = Timeline
not-before = Not before
started = Started
attempts-none = It has not run yet.
attempts-earlier = { $n ->
    [one] { $shown } earlier attempt
   *[other] { $shown } earlier attempts
}
attempts-left-out = { $shown } earlier attempts are not shown.
history = Last runs in this queue
median = Median
states-told = States, to scale
in-all = in all
older = older
newer = newer
steps = Finished steps
signals = Signals
signal = Signal
signal-waited = waited for until
signal-missed = gone on without it
payload-json = Payload as JSON
action-signal = Give the signal
notice-signalled = Job { $n } has the signal.
step = Step
finished = Finished
bytes = Bytes
family = Dependencies
parents = Parents
children = Children
data = Data
args = Arguments
args-json = Arguments as JSON, an object or an array
args-as-json = Write the arguments as JSON instead
result = Result
metadata = Metadata
json-cut = The rest is not shown; the API has all of it.
key = Key
timeout = Timeout
timeout-secs = Timeout, seconds
no-limit = no limit
worker = Worker
remote-workers = Remote workers
labels = Labels
worker-running = running
worker-quiet = fetches no more
worker-terminate = is to end
make-quiet = Quiet
make-terminate = Terminate
wait-parents = Waits for other jobs
wait-time = Waits for its time
wait-signal = Waits for a signal
wait-backoff = Waits for its next try
wait-paused = Paused
wait-no-worker = No worker
wait-concurrency = All slots are taken
wait-rate-limit = Rate limit reached
wait-behind = Other jobs are first
why-time = It may start
why-signal = It waits for the signal “{ $x }” until
why-backoff = Failure { $n-shown } of { $of-shown }; it is tried again
all-paused = { $n ->
    [0] Everything is paused, and nothing runs.
    [one] Everything is paused; { $shown } job still runs.
   *[other] Everything is paused; { $shown } jobs still run.
}
why-all-paused = Everything is paused.
why-type-paused = The job type { $x } is paused.
why-queue-paused = The queue { $x } is paused.
why-no-worker = Nothing here runs { $x }.
why-no-worker-here = Nothing here runs { $x }: a remote worker has to fetch it from queue { $queue }.
why-concurrency = { $n ->
    [one] The only slot of { $x } is taken.
   *[other] All { $n-shown } slots of { $x } are taken.
}
why-rate-limit = { $n ->
    [one] { $x } may start once in { $per }; the next start is
   *[other] { $x } may start { $n-shown } times in { $per }; the next start is
}
why-rate-limit-key = { $n ->
    [one] { $x } may start once in { $per } for each { $key }; the next start is
   *[other] { $x } may start { $n-shown } times in { $per } for each { $key }; the next start is
}
why-everywhere = { $n ->
    [one] One { $x } runs somewhere, and no more may.
   *[other] { $n-shown } of { $x } run on all nodes together, and no more may.
}
why-same-key = { $n ->
    [one] One { $x } with { $key } { $value } runs, and no more may.
   *[other] { $n-shown } of { $x } with { $key } { $value } run, and no more may.
}
why-behind = { $n ->
    [one] { $shown } job stands before it.
   *[other] { $shown } jobs stand before it.
}
why-behind-many = { $shown } jobs or more stand before it.

# Log
log = Log
streams = Streams
stream-log = messages
stream-stdout = stdout
stream-stderr = stderr
stream-progress = progress
stream-events = events
log-attempt = Attempt { $n }
log-search = Search the log
log-found = { $n ->
    [one] { $shown } line
   *[other] { $shown } lines
}
log-follow = Follow
log-wrap = Wrap
log-download = Download
log-none = Nothing was written here.
log-cut = Only the end is shown; download the log to see all of it.
log-more = … { $shown } more characters
lines-dropped = … earlier lines were taken away; download the log to see all of it

# Dead letters
dead-hint = Jobs that have failed for good, by type and error. Numbers in errors do not count.
dead-looked-at = The groups are made from the latest { $shown }.
first-seen = First
last-seen = Last
last-one = Latest job
jobs-n = { $n ->
    [one] { $shown } job
   *[other] { $shown } jobs
}
groups-left-out = { $shown } more groups are not shown.

# Types and queues
job-types = Job types
queues = Queues
types-none = No job type has a worker here. Declare one in callboard.toml.
queues-none = No queue has any jobs yet.
paused = Paused
unavailable = Unavailable
in-use = In use
at-work = At work
last-hour = Last hour
limits = Limits
limit-at-once = { $shown } at once
limit-starts = { $n ->
    [one] { $shown } start in
   *[other] { $shown } starts in
}
concurrency = At once
rate-limit = Starts
rate-per-secs = in so many seconds

# New job
form-faults = { $n ->
    [one] { $shown } field needs another look.
   *[other] { $shown } fields need another look.
}
when-and-where = When and where
run-at = Not before
depends-on = After jobs
more-fields = More fields
max-retries = Retries at most
enqueue = Enqueue

# Nodes
node = Node
host = Host
process = Process
heartbeat = Heartbeat
node-alive = alive
node-stopped = stopped
node-lost = lost
parts = Parts of this server

# Settings
settings-hint = These choices are kept in this browser.
language = Language
language-auto = As the browser asks
zone = Time zone
zone-auto = As the browser has it
zone-hint = A name such as Europe/Berlin; empty for the browser's own.

# Errors
error-401 = Please sign in
error-401-how = Open the page again and give a token as the password; the user name does not matter.
error-again = Try again
error-403 = That is not allowed
error-status = Status { $n }
error-404 = There is no such thing here
error-409 = Not in this state
error-422 = Something is not right
error-503 = Not just now
error-other = That did not work

# Schedules
menu-schedules = Schedules
schedule = Schedule
schedule-new = New schedule
schedules-none = There are no schedules. One enqueues a job again and again: by cron, or every so many seconds.
schedule-configured = It stands in the configuration: change it there. Here it can be run, paused and resumed.
schedule-delete = Delete this schedule
schedule-delete-hint = Its history goes with it; its jobs stay.
next-run = Next run
next-runs = Next runs
next-runs-none = None: it is paused.
last-runs = { $n ->
    [0] It has not run yet
    [one] The last run
   *[other] The last { $shown } runs
}
runs = Runs
runs-none = It has not run yet.
run-enqueued = Enqueued
run-by-hand = By hand
run-skipped = Skipped
run-missed = Missed
due = Due
outcome = Outcome
reason = Reason
when = When
name = Name
cron = Cron expression
cron-hint = Minute, hour, day of the month, month, day of the week; a second may stand before them. Or an interval instead.
every-secs = Or every so many seconds
interval = Every
misfire = Missed runs
misfire-once = One run makes up for them
misfire-skip = Left out
misfire-all = Each is made up for
overlap = While one is unfinished
overlap-allow = The next one is enqueued too
overlap-skip = The next one is left out
begin-paused = Begin paused
action-run = Run now
action-edit = Edit
notice-schedule-created = The schedule is made.
notice-schedule-changed = The schedule is changed.
notice-schedule-deleted = The schedule is deleted.
