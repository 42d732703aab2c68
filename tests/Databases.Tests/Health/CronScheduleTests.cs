using System.Globalization;
using Fettle.Testing;

namespace Fettle.Databases.Tests.Health;

public class CronScheduleTests
{
    [Theory]
    [InlineData("0 3 * * 0", "2026-11-18 12:00", "2026-11-22 03:00")]
    [InlineData("weekly", "2026-11-22 03:00", "2026-11-29 03:00")]
    [InlineData("*/15 * * * *", "2026-11-18 12:00", "2026-11-18 12:15")]
    [InlineData("5/20 1-3,7 * * *", "2026-11-18 03:46", "2026-11-18 07:05")]
    [InlineData("0 0 1 1 *", "2026-11-18 12:00", "2027-01-01 00:00")]
    [InlineData("0 0 13 * 5", "2026-11-18 12:00", "2026-11-20 00:00")]
    [InlineData("0 0 29 2 *", "2026-11-18 12:00", "2028-02-29 00:00")]
    [InlineData("59 23 31 12 7", "2026-12-31 23:58", "2026-12-31 23:59")]
    [InlineData("0 0 31 2 *", "2026-11-18 12:00", null)]
    public void Next_IsTheFirstMomentAfter(string schedule, string after, string? expected) =>
        CronSchedule.Parse(schedule).Next(At(after)).ShouldBe(expected is null ? null : At(expected));

    [Fact]
    public void Next_AgreesWithTryingEveryMinute()
    {
        var random = new Random(3);
        string Field(int low, int high) => random.Next(4) switch
        {
            0 => "*",
            1 => $"*/{random.Next(1, 7)}",
            2 => $"{random.Next(low, high + 1)},{random.Next(low, high + 1)}",
            _ => random.Next(low, high) is var a ? $"{a}-{random.Next(a, high + 1)}" : "",
        };
        for (var i = 0; i < 200; i++)
        {
            var text = $"{Field(0, 59)} {Field(0, 23)} {Field(1, 28)} {Field(1, 12)} {Field(0, 6)}";
            var schedule = CronSchedule.Parse(text);
            var from = At("2026-01-01 00:00").AddMinutes(random.Next(500_000));
            var next = schedule.Next(from)!.Value;
            next.ShouldBeGreaterThan(from);
            // Nothing between: asking from any moment in between gives the same answer.
            var between = from + TimeSpan.FromMinutes(Math.Floor((next - from).TotalMinutes * random.NextDouble()));
            schedule.Next(between < next ? between : from).ShouldBe(next, text);
            schedule.Next(next.AddMinutes(-1)).ShouldBe(next, text);
        }
    }

    [Theory]
    [InlineData("0 3 * *", "five")]
    [InlineData("60 3 * * 0", "minute '60'")]
    [InlineData("0 24 * * 0", "hour '24'")]
    [InlineData("0 3 0 * 0", "day of month '0'")]
    [InlineData("0 3 * 5-2 0", "backwards")]
    [InlineData("0 3 * * x", "day of week 'x'")]
    [InlineData("*/0 3 * * 0", "minute '*/0'")]
    public void Mistake_IsNamed(string schedule, string message) => Should.Throw<FormatException>(() => CronSchedule.Parse(schedule)).Message.ShouldContain(message);

    [Fact]
    public async Task Peak_IsTheBusyHalf()
    {
        await using var test = new TemporaryDatabase();
        await test.RunAsync("CREATE TABLE t(id INTEGER)");
        var scheduler = new MaintenanceScheduler(test.Database, CronSchedule.Weekly);
        async Task Lease(int times)
        {
            for (var i = 0; i < times; i++)
            {
                await (await test.Database.OpenReadAsync()).DisposeAsync();
            }
        }

        scheduler.IsPeak().ShouldBeFalse();
        await Lease(500);
        scheduler.IsPeak().ShouldBeTrue();
        await Lease(300);
        scheduler.IsPeak().ShouldBeTrue();
        await Lease(200);
        scheduler.IsPeak().ShouldBeFalse();
        await Lease(30);
        scheduler.IsPeak().ShouldBeFalse();
    }

    static DateTimeOffset At(string text) => DateTimeOffset.ParseExact(text, "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
