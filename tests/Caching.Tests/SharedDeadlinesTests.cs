using Fettle.Caching.SecondTier;
using Fettle.Testing;

namespace Fettle.Caching.Tests;

public class SharedDeadlinesTests
{
    readonly ManualTime _time = new();

    [Fact]
    public void CallsOfNearlyTheSameTime_ShareAToken()
    {
        var deadlines = new SharedDeadlines(_time, TimeSpan.FromMilliseconds(160));
        var first = deadlines.Next();
        _time.Advance(TimeSpan.FromMilliseconds(9));
        deadlines.Next().ShouldBe(first);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        deadlines.Next().ShouldNotBe(first);
    }

    [Fact]
    public void Tokens_EndWithinTheBudgetAndNotLongBefore()
    {
        var deadlines = new SharedDeadlines(_time, TimeSpan.FromMilliseconds(160));
        var first = deadlines.Next();
        _time.Advance(TimeSpan.FromMilliseconds(149));
        first.IsCancellationRequested.ShouldBeFalse();
        var second = deadlines.Next();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        first.IsCancellationRequested.ShouldBeTrue();
        second.IsCancellationRequested.ShouldBeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(149));
        second.IsCancellationRequested.ShouldBeTrue();
    }
}
