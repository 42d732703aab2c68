using Fettle.LoadTesting.Scaling;

namespace Fettle.LoadTesting.Tests.Scaling;

public sealed class ScalingRuleTests
{
    static readonly ScalingRuleOptions Options = new();

    /// <summary>One sample a second; the seconds and changes of all decisions, which are carried out at once.</summary>
    static List<(int Second, int Change, int Instances)> Play(ScalingRule rule, int seconds, Func<int, int, double> cpu, int instances = 2)
    {
        var found = new List<(int, int, int)>();
        for (var second = 0; second < seconds; second++)
        {
            if (rule.Observe(second, cpu(second, instances), instances) is { } decision)
            {
                instances += decision.Change;
                found.Add((second, decision.Change, instances));
            }
        }

        return found;
    }

    [Fact]
    public void UseAboveTheBoundForTheWholeWindow_AddsOne_AndAgainAfterTheCooldown() =>
        Play(new ScalingRule(Options), 1000, (_, _) => 90).ShouldBe([(120, 1, 3), (420, 1, 4), (720, 1, 5)]);

    [Fact]
    public void ShortPeak_ChangesNothing() =>
        Play(new ScalingRule(Options), 2000, (second, _) => second is >= 500 and < 520 ? 100 : 60).ShouldBeEmpty();

    [Fact]
    public void UseBelowTheBound_RemovesOneAtATime_DownToTheFewest() =>
        Play(new ScalingRule(Options), 5000, (_, _) => 5, instances: 5).ShouldBe([(120, -1, 4), (720, -1, 3), (1320, -1, 2)]);

    [Fact]
    public void RemovalThatWouldCallForAnAddition_IsLeftOut()
    {
        // 45 % on three instances are 67.5 % on two: within a tenth of the upper bound.
        Play(new ScalingRule(Options), 5000, (_, instances) => 135.0 / instances, instances: 3).ShouldBeEmpty();
        Play(new ScalingRule(Options), 5000, (_, instances) => 120.0 / instances, instances: 3).ShouldBe([(120, -1, 2)]);
    }

    [Fact]
    public void MostInstances_AreNotExceeded() =>
        Play(new ScalingRule(Options with { MaxInstances = 4 }), 10_000, (_, _) => 100)[^1].Instances.ShouldBe(4);

    [Fact]
    public void EveryLoad_EndsWithoutFlapping()
    {
        // Any steady demand, in instances' worth of work: once settled, the number of instances stays.
        var random = new Random(11);
        for (var trial = 0; trial < 200; trial++)
        {
            var demand = random.NextDouble() * 9;
            var changes = Play(new ScalingRule(Options), 20_000, (_, instances) => Math.Min(100, 100 * demand / instances) + random.NextDouble(), random.Next(2, 11));
            changes.Select(c => c.Change).Distinct().Count().ShouldBeLessThanOrEqualTo(1, $"demand {demand}: {string.Join(' ', changes)}");
            (changes.Count == 0 || changes[^1].Second < 10_000).ShouldBeTrue();
        }
    }

    [Fact]
    public void Decision_NamesItsCause()
    {
        var rule = new ScalingRule(Options with { Window = TimeSpan.FromSeconds(2) });
        _ = rule.Observe(0, 80, 2);
        _ = rule.Observe(1, 90, 2);
        rule.Observe(2, 100, 2).ShouldBe(new ScalingDecision(1, "CPU 95 % over 2 s, above 70 %"));
    }

    [Fact]
    public void ContradictingBounds_AreRefused()
    {
        Should.Throw<ArgumentException>(() => new ScalingRule(Options with { ScaleInCpu = 70 })).Message.ShouldContain("it is below ScaleOutCpu, 70");
        Should.Throw<ArgumentException>(() => new ScalingRule(Options with { MinInstances = 11 })).Message.ShouldContain("it is at most MaxInstances, 10");
        Should.Throw<ArgumentException>(() => Options with { ScaleOutCpu = 0 }).Message.ShouldContain("1 to 100");
        Should.Throw<ArgumentException>(() => new ScaleOptions { Command = "serve" }).Message.ShouldContain("{port}");
    }
}
