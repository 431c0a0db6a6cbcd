# Workflows
menu-workflows = Процессы
workflow = Процесс
workflows-none = Здесь нет процессов.
graph = Граф
graph-too-large = { $n ->
    [one] { $shown } задание: для рисунка это слишком много, поэтому здесь список.
    [few] { $shown } задания: для рисунка это слишком много, поэтому здесь список.
   *[other] { $shown } заданий: для рисунка это слишком много, поэтому здесь список.
}
zoom-in = Крупнее
zoom-out = Мельче
zoom-all = Целиком
waits-for = Ждёт
retry-from = Повторить отсюда
retry-from-title = Выполнить снова это задание и все, что следуют за ним
callback = Завершающее задание
part-of = Часть процесса
and-more = и ещё { $shown }
notice-workflow-retried = Процесс { $n } выполняется снова.
notice-workflow-cancelled = Процесс { $n } отменён.
notice-workflow-cancel-asked = Процесс { $n } будет отменён, как только остановятся его задания.
actions = Действия
