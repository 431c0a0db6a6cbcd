use std::time::Duration;

use super::super::Cron;
use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn expressions_in_words() {
    for (cron, english, russian) in [
        ("* * * * *", "every minute", "каждую минуту"),
        ("* * * * * *", "every second", "каждую секунду"),
        ("*/10 * * * * *", "every 10 seconds", "каждые 10 секунд"),
        ("30 * * * * *", "at second 30, every minute", "на 30-й секунде, каждую минуту"),
        ("@hourly", "every hour", "каждый час"),
        ("5 * * * *", "at minute 5, every hour", "на 5-й минуте, каждый час"),
        (
            "5,10,20-25 * * * *",
            "at minutes 5, 10 and 20–25, every hour",
            "на минутах 5, 10 и 20–25, каждый час",
        ),
        ("*/15 * * * *", "every 15 minutes", "каждые 15 минут"),
        ("*/2 * * * *", "every 2 minutes", "каждые 2 минуты"),
        ("0 */2 * * *", "every 2 hours", "каждые 2 часа"),
        ("30 4 * * *", "every day at 04:30", "каждый день в 04:30"),
        ("15 30 4 * * *", "every day at 04:30:15", "каждый день в 04:30:15"),
        ("30 4,16 * * MON-FRI", "Monday to Friday at 04:30 and 16:30", "по будням в 04:30 и 16:30"),
        ("0 9 * * SAT,SUN", "on Saturday and Sunday at 09:00", "по выходным в 09:00"),
        ("0 9 * * 2,4", "on Tuesday and Thursday at 09:00", "по вторникам и четвергам в 09:00"),
        (
            "*/15 9-17 * * MON-FRI",
            "every 15 minutes, from 09:00 to 17:45, Monday to Friday",
            "каждые 15 минут, с 09:00 до 17:45, по будням",
        ),
        (
            "5 9-17 * * *",
            "at minute 5, every hour from 09:05 to 17:05",
            "на 5-й минуте, каждый час с 09:05 до 17:05",
        ),
        ("0 9-17 * * *", "every hour from 09:00 to 17:00", "каждый час с 09:00 до 17:00"),
        (
            "*/20 8,12 * * *",
            "every day at 08:00, 08:20, 08:40, 12:00, 12:20 and 12:40",
            "каждый день в 08:00, 08:20, 08:40, 12:00, 12:20 и 12:40",
        ),
        ("*/10 8,12 * * *", "every 10 minutes, in the hours 8 and 12", "каждые 10 минут, в часы 8 и 12"),
        ("0 0 1 * *", "on day 1 of the month at 00:00", "1-го числа в 00:00"),
        ("0 0 1,15 * *", "on days 1 and 15 of the month at 00:00", "по числам 1 и 15 в 00:00"),
        ("0 0 L * *", "on the last day of the month at 00:00", "в последний день месяца в 00:00"),
        (
            "0 0 15W * *",
            "on the working day nearest day 15 of the month at 00:00",
            "в рабочий день, ближайший к 15-му числу, в 00:00",
        ),
        (
            "0 0 LW * *",
            "on the last working day of the month at 00:00",
            "в последний рабочий день месяца в 00:00",
        ),
        ("0 12 * * 5#2", "on the second Friday of the month at 12:00", "во вторую пятницу месяца в 12:00"),
        ("0 12 * * 1L", "on the last Monday of the month at 12:00", "в последний понедельник месяца в 12:00"),
        (
            "0 12 13 * 5",
            "on day 13 of the month or on Friday at 12:00",
            "13-го числа или по пятницам в 12:00",
        ),
        (
            "0 12 13 * +5",
            "on day 13 of the month (but only on Friday) at 12:00",
            "13-го числа (но только по пятницам) в 12:00",
        ),
        ("@yearly", "on day 1 of the month at 00:00, in January", "1-го числа в 00:00, в январе"),
        (
            "0 0 * 1,6-8 *",
            "every day at 00:00, in January, June, July and August",
            "каждый день в 00:00, в январе, июне, июле и августе",
        ),
    ] {
        let parsed: Cron = cron.parse().unwrap();
        assert_eq!(parsed.describe(Tongue::English), english, "{cron}");
        assert_eq!(parsed.describe(Tongue::Russian), russian, "{cron}");
    }
}

#[test]
fn intervals_in_words() {
    for (ms, english, russian) in [
        (1_000, "every second", "каждую секунду"),
        (1_500, "every 1.5 seconds", "каждые 1,5 секунды"),
        (90_000, "every 90 seconds", "каждые 90 секунд"),
        (60_000, "every minute", "каждую минуту"),
        (21 * 60_000, "every 21 minutes", "каждую 21 минуту"),
        (11 * 60_000, "every 11 minutes", "каждые 11 минут"),
        (22 * 60_000, "every 22 minutes", "каждые 22 минуты"),
        (12 * 3_600_000, "every 12 hours", "каждые 12 часов"),
        (86_400_000, "every day", "каждый день"),
        (3 * 86_400_000, "every 3 days", "каждые 3 дня"),
    ] {
        let interval = Duration::from_millis(ms);
        assert_eq!(every(interval, Tongue::English), english);
        assert_eq!(every(interval, Tongue::Russian), russian);
    }
}
