# Страница, на которой пробуют HTTP API
docs-title = HTTP API
docs-hint = Все вызовы с параметрами, примерами и ответами. Отправленное отсюда выполняет этот сервер. Документ целиком:
docs-find = Найти вызов
docs-token = Токен (хранится только на этой странице)
docs-needed = обязательный
docs-body = Тело
docs-send = Отправить
docs-example = Пример
docs-failed = Ответ не пришёл
docs-link = HTTP API
