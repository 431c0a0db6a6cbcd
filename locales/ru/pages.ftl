# Слова веб-страниц. Каждое сообщение есть на каждом языке; тест их сверяет.

# Рамка
skip = К содержанию
menu = Страницы
menu-overview = Обзор
menu-jobs = Задания
menu-dead = Провалы
menu-types = Типы и очереди
menu-new = Новое задание
menu-nodes = Узлы
menu-settings = Настройки
close = Закрыть
back = Назад
save = Сохранить
choose = Выбрать
apply = Применить
copy = Копировать
copied = Скопировано
any = любые
all = Все
more = и ещё { $shown }
now = сейчас
time = Время
theme = Тема
theme-title = Тема: { $x }
theme-system = Системная
theme-light = Светлая
theme-dark = Тёмная
help-title = Клавиши
help-search = Поиск
help-move = Следующая и предыдущая строка
help-select = Отметить строку
help-open = Открыть строку
help-help = Эта подсказка
live-connected = На связи
live-reconnecting = Связь потеряна, подключаемся…
live-paused = Приостановлено, пока страница скрыта

# Состояния: многих заданий, затем одного
state-scheduled = По времени
state-blocked = Ждут других
state-pending = В очереди
state-running = Выполняются
state-retrying = Ждут повтора
state-completed = Выполнены
state-failed = Провалены
state-cancelled = Отменены
is-scheduled = По времени
is-blocked = Ждёт других
is-pending = В очереди
is-running = Выполняется
is-retrying = Ждёт повтора
is-completed = Выполнено
is-failed = Провалено
is-cancelled = Отменено
outcome-running = идёт
outcome-success = успех
outcome-error = ошибка
outcome-fatal = неустранимая ошибка
outcome-timeout = время вышло
outcome-cancelled = отменена
outcome-snoozed = отложена
outcome-lost = потеряна
outcome-released = возвращена

# Времена
ago-s = { $shown } с назад
ago-m = { $shown } мин назад
ago-h = { $shown } ч назад
ago-d = { $shown } д назад
in-s = через { $shown } с
in-m = через { $shown } мин
in-h = через { $shown } ч
in-d = через { $shown } д
unit-ms = { $shown } мс
unit-s = { $shown } с
unit-s-text = { $x } с
unit-m = { $shown } мин
unit-h = { $shown } ч
unit-d = { $shown } д

# Обзор
throughput = Пропускная способность
throughput-range = Промежуток времени
throughput-chart = Выполненные и проваленные задания по времени
throughput-none = За это время ни одно задание не закончилось.
range-5m = 5 мин
range-1h = 1 час
range-1d = 1 день
oldest-pending = Ждёт дольше всех
latency-minute = Ожидание в очереди, минута
latency-hour = Ожидание в очереди, час
enqueued-minute = Поставлено за минуту
nodes-alive = Узлов на связи
nodes-and-work = Узлы и что они выполняют
node-n = узел { $n }
running-here = Выполняются сейчас
running-none = Ничего не выполняется.
latest-failures = Последние провалы
all-dead-letters = Все провалы
failures-none = Ни одно задание не провалено.

# Задания
by-state = Задания по состоянию
search = Поиск
search-hint = Искать в аргументах, целях, ошибках
search-goes-on = Пока просмотрена часть заданий; есть и более ранние.
filters = Фильтры
filter-remove = Убрать фильтр
filter-job-type = Тип
filter-queue = Очередь
filter-tag = Метка
filter-target-id = Цель
filter-parent-job-id = Родитель
filter-workflow-id = Процесс
filter-key = Ключ
filter-created-after = После
filter-created-before = До
filter-q = Текст
created-after = Созданы после
created-before = Созданы до
order = Порядок
order-newest = Сначала новые
order-oldest = Сначала старые
order-priority = По приоритету
select-all-matching = Все подходящие
select-all-n = Все подходящие: { $shown }
select-page = Отметить все на странице
select-job = Отметить задание { $n }
selected = Отмечено: { $shown }
new-jobs = Показать новые: { $shown }
jobs-none = Заданий ещё нет.
jobs-none-match = Ни одно задание не подходит.
first-page = Первая страница
next-page = Следующая страница
look-further = Искать дальше
paging = Страницы списка
job = Задание
job-type = Тип задания
state = Состояние
progress = Ход
queue = Очередь
target = Цель
target-tags = Цель, метки
tags = Метки
attempt = Попытка
took = Длилось
created = Создано

# Действия
action-retry = Повторить
action-cancel = Отменить
action-delete = Удалить
action-redrive = Запустить снова
action-discard = Выбросить
action-again = Повторить с правками
action-change = Изменить, пока ждёт
action-pause = Приостановить
action-pause-all = Приостановить всё
action-resume-all = Возобновить всё
action-resume = Возобновить
confirm-retry = { $n ->
    [one] Повторить { $shown } задание?
    [few] Повторить { $shown } задания?
   *[other] Повторить { $shown } заданий?
}
confirm-cancel = { $n ->
    [one] Отменить { $shown } задание?
    [few] Отменить { $shown } задания?
   *[other] Отменить { $shown } заданий?
}
confirm-delete = { $n ->
    [one] Удалить { $shown } задание?
    [few] Удалить { $shown } задания?
   *[other] Удалить { $shown } заданий?
}
confirm-at-least = Сосчитано { $shown }, но может быть больше. Изменены будут все подходящие.
confirm-danger = Это нельзя отменить. Задания, чьё состояние этого не допускает, останутся как есть.

# Извещения
notice-enqueued = Задание { $n } поставлено в очередь.
notice-duplicate = Задание { $n } уже было; ничего не добавлено.
notice-retried = Задание { $n } будет выполнено ещё раз.
notice-cancelled = Задание { $n } отменено.
notice-cancel-asked = Исполнителю задания { $n } велено остановиться.
notice-deleted = Задание { $n } удалено.
notice-changed = Задание { $n } изменено.
notice-retried-many = { $n ->
    [one] { $shown } задание будет выполнено ещё раз.
    [few] { $shown } задания будут выполнены ещё раз.
   *[other] { $shown } заданий будут выполнены ещё раз.
}
notice-cancelled-many = { $n ->
    [one] { $shown } задание отменено или останавливается.
    [few] { $shown } задания отменены или останавливаются.
   *[other] { $shown } заданий отменены или останавливаются.
}
notice-deleted-many = { $n ->
    [one] { $shown } задание удалено.
    [few] { $shown } задания удалены.
   *[other] { $shown } заданий удалены.
}
notice-paused = Приостановлено: новое не запускается.
notice-worker-asked = Просьба передана. Исполнитель узнает о ней со следующим сигналом.
notice-resumed = Возобновлено.
notice-settings = Настройки сохранены в этом браузере.
notice-type-changed = Пределы изменены.

# Одно задание
priority = Приоритет
retries = Повторы
crashes = { $n ->
    [one] { $shown } крах
    [few] { $shown } краха
   *[other] { $shown } крахов
}
cancel-asked = Запрошена отмена
error = Ошибка
timeline = Ход времени
not-before = Не раньше
started = Начато
attempts-none = Ещё не выполнялось.
attempts-earlier = { $n ->
    [one] ещё { $shown } попытка раньше
    [few] ещё { $shown } попытки раньше
   *[many] ещё { $shown } попыток раньше
}
attempts-left-out = Более ранние попытки не показаны: { $shown }.
history = Последние запуски в этой очереди
median = Медиана
states-told = Состояния в масштабе времени
in-all = всего
older = раньше
newer = позже
steps = Завершённые шаги
signals = Сигналы
signal = Сигнал
signal-waited = ждёт до
signal-missed = продолжено без него
payload-json = Содержимое в виде JSON
action-signal = Подать сигнал
notice-signalled = Сигнал заданию { $n } подан.
step = Шаг
finished = Завершён
bytes = Байты
family = Зависимости
parents = Родители
children = Потомки
data = Данные
args = Аргументы
args-json = Аргументы в виде JSON: объект или массив
args-as-json = Записать аргументы в виде JSON
result = Результат
metadata = Сопутствующие данные
json-cut = Остальное не показано; всё целиком есть в API.
key = Ключ
timeout = Предел времени
timeout-secs = Предел времени, секунды
no-limit = без предела
worker = Исполнитель
remote-workers = Удалённые исполнители
labels = Метки
worker-running = работает
worker-quiet = больше не берёт задания
worker-terminate = должен завершиться
make-quiet = Не брать новых
make-terminate = Завершить
wait-parents = Ждёт другие задания
wait-time = Ждёт своего времени
wait-signal = Ждёт сигнала
wait-backoff = Ждёт следующей попытки
wait-paused = Приостановлено
wait-no-worker = Нет исполнителя
wait-concurrency = Все места заняты
wait-rate-limit = Достигнут предел частоты
wait-behind = Впереди другие задания
why-time = Может начаться
why-signal = Ждёт сигнала «{ $x }» до
why-backoff = Неудача { $n-shown } из { $of-shown }; следующая попытка
all-paused = { $n ->
    [0] Всё приостановлено, ничего не выполняется.
    [one] Всё приостановлено; ещё выполняется { $shown } задание.
    [few] Всё приостановлено; ещё выполняются { $shown } задания.
   *[other] Всё приостановлено; ещё выполняются { $shown } заданий.
}
why-all-paused = Приостановлено всё.
why-type-paused = Тип { $x } приостановлен.
why-queue-paused = Очередь { $x } приостановлена.
why-no-worker = Здесь никто не выполняет { $x }.
why-no-worker-here = Здесь никто не выполняет { $x }: удалённый исполнитель должен взять задание из очереди { $queue }.
why-concurrency = { $n ->
    [one] { $n-shown } место типа { $x } занято.
    [few] Все { $n-shown } места типа { $x } заняты.
   *[other] Все { $n-shown } мест типа { $x } заняты.
}
why-rate-limit = { $n ->
    [one] { $x }: { $n-shown } запуск за { $per }; следующий
    [few] { $x }: { $n-shown } запуска за { $per }; следующий
   *[other] { $x }: { $n-shown } запусков за { $per }; следующий
}
why-rate-limit-key = { $n ->
    [one] { $x }: { $n-shown } запуск за { $per } на каждое значение { $key }; следующий
    [few] { $x }: { $n-shown } запуска за { $per } на каждое значение { $key }; следующий
   *[other] { $x }: { $n-shown } запусков за { $per } на каждое значение { $key }; следующий
}
why-everywhere = На всех узлах уже выполняется { $x }: { $n-shown }, больше нельзя.
why-same-key = Уже выполняется { $x } с { $key } { $value }: { $n-shown }, больше нельзя.
why-behind = { $n ->
    [one] Впереди { $shown } задание.
    [few] Впереди { $shown } задания.
   *[other] Впереди { $shown } заданий.
}
why-behind-many = Впереди не меньше { $shown } заданий.

# Журнал
log = Журнал
streams = Потоки
stream-log = сообщения
stream-stdout = stdout
stream-stderr = stderr
stream-progress = ход
stream-events = события
log-attempt = Попытка { $n }
log-search = Искать в журнале
log-found = { $n ->
    [one] { $shown } строка
    [few] { $shown } строки
   *[other] { $shown } строк
}
log-follow = Следить
log-wrap = Переносить
log-download = Скачать
log-none = Здесь ничего не записано.
log-cut = Показан только конец; скачайте журнал, чтобы увидеть всё.
log-more = … ещё символов: { $shown }
lines-dropped = … более ранние строки убраны; скачайте журнал, чтобы увидеть всё

# Провалившиеся
dead-hint = Окончательно проваленные задания по типам и ошибкам. Числа в ошибках не различаются.
dead-looked-at = Группы составлены по последним { $shown }.
first-seen = Впервые
last-seen = В последний раз
last-one = Последнее задание
jobs-n = { $n ->
    [one] { $shown } задание
    [few] { $shown } задания
   *[other] { $shown } заданий
}
groups-left-out = Не показано групп: { $shown }.

# Типы и очереди
job-types = Типы заданий
queues = Очереди
types-none = Здесь нет исполнителя ни для одного типа. Опишите его в callboard.toml.
queues-none = Ни в одной очереди ещё нет заданий.
paused = Приостановлено
unavailable = Недоступен
in-use = Занято
at-work = В работе
last-hour = За час
limits = Пределы
limit-at-once = { $shown } одновременно
limit-starts = { $n ->
    [one] { $shown } запуск за
    [few] { $shown } запуска за
   *[other] { $shown } запусков за
}
concurrency = Одновременно
rate-limit = Запусков
rate-per-secs = за столько секунд

# Новое задание
form-faults = { $n ->
    [one] Проверьте { $shown } поле.
    [few] Проверьте { $shown } поля.
   *[other] Проверьте { $shown } полей.
}
when-and-where = Когда и где
run-at = Не раньше
depends-on = После заданий
more-fields = Другие поля
max-retries = Повторов не больше
enqueue = Поставить в очередь

# Узлы
node = Узел
host = Машина
process = Процесс
heartbeat = Пульс
node-alive = на связи
node-stopped = остановлен
node-lost = потерян
parts = Части этого сервера

# Настройки
settings-hint = Настройки хранятся в этом браузере.
language = Язык
language-auto = Как просит браузер
zone = Часовой пояс
zone-auto = Как в браузере
zone-hint = Название, например Europe/Moscow; пусто – как в браузере.

# Ошибки
error-401 = Нужно войти
error-401-how = Откройте страницу снова и введите токен вместо пароля; имя пользователя может быть любым.
error-again = Попробовать снова
error-403 = Так нельзя
error-status = Код { $n }
error-404 = Здесь такого нет
error-409 = Не в этом состоянии
error-422 = Что-то не так
error-503 = Не сейчас
error-other = Не получилось

# Расписания
menu-schedules = Расписания
schedule = Расписание
schedule-new = Новое расписание
schedules-none = Расписаний нет. Расписание ставит задание в очередь снова и снова: по cron или через равные промежутки.
schedule-configured = Оно записано в конфигурации и меняется там. Здесь его можно запустить, приостановить и возобновить.
schedule-delete = Удалить расписание
schedule-delete-hint = Его история исчезнет; задания останутся.
next-run = Следующий запуск
next-runs = Следующие запуски
next-runs-none = Нет: оно приостановлено.
last-runs = { $n ->
    [0] Ещё не запускалось
    [one] Последний { $shown } запуск
    [few] Последние { $shown } запуска
   *[other] Последние { $shown } запусков
}
runs = Запуски
runs-none = Ещё не запускалось.
run-enqueued = В очереди
run-by-hand = Вручную
run-skipped = Пропущен
run-missed = Упущен
due = Срок
outcome = Исход
reason = Причина
when = Когда
name = Имя
cron = Выражение cron
cron-hint = Минута, час, день месяца, месяц, день недели; перед ними может стоять секунда. Или вместо этого промежуток.
every-secs = Или каждые столько секунд
interval = Каждые
misfire = Упущенные запуски
misfire-once = Один запуск вместо всех
misfire-skip = Не выполняются
misfire-all = Выполняется каждый
overlap = Пока одно не закончено
overlap-allow = Следующее тоже ставится
overlap-skip = Следующее пропускается
begin-paused = Создать приостановленным
action-run = Запустить сейчас
action-edit = Изменить
notice-schedule-created = Расписание создано.
notice-schedule-changed = Расписание изменено.
notice-schedule-deleted = Расписание удалено.
