namespace Fettle.Caching.Tests;

public class CachedMethodTests
{
    [Fact]
    public void Key_IsDifferentForDifferentInputs()
    {
        object?[][] inputs =
        [
            [], [null], [null, null], [""], ["", ""], ["a", "b"], ["ab", ""], ["", "ab"], ["a;s1:b"], ["_;"], [1], [1L], ["1"], [(byte)1], ['1'], [1.0], [1f], [1m], [true], [false],
            [0.0], [-0.0], [double.NaN], [new[] { 1, 2 }], [new[] { 1 }, 2], [(1, 2)], [1, 2], [(1, (2, 3))], [((1, 2), 3)], [new List<string> { "a" }], [Array.Empty<int>()],
            [DayOfWeek.Monday], [DateTimeKind.Utc], [new DateOnly(2025, 1, 1)], [new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc)], [new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Unspecified)],
            [new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero)], [TimeSpan.FromTicks(1)], [new TimeOnly(1)], [Guid.Empty], [new byte[] { 1 }], [new Uri("http://a/")], [Half.One], [(Int128)1],
        ];
        var keys = inputs.Select(i => CacheKey.Of("m", i)).ToArray();
        keys.Distinct().Count().ShouldBe(inputs.Length);
        inputs.Select(i => CacheKey.Of("m", i)).ShouldBe(keys);
        CacheKey.Of("n", 1).ShouldNotBe(CacheKey.Of("m", 1));
    }

    [Fact]
    public void InputWithoutAnIdentity_IsRefused() =>
        Should.Throw<ArgumentException>(() => CacheKey.Of("m", new object())).Message.ShouldContain("System.Object cannot be part of a cache key");

    [Fact]
    public async Task CachedMethods_KeepTheirAnswersApart()
    {
        await using var cache = new FettleCache();
        var category = cache.Category<string>(CategoryDefaults.For("predictions"));
        var calls = 0;
        Func<(string, int), CancellationToken, ValueTask<string>> one = (input, _) => ValueTask.FromResult($"one {input} {++calls}");
        Func<string, int, CancellationToken, ValueTask<string>> two = (a, b, _) => ValueTask.FromResult($"two {a} {b} {++calls}");
        var cachedOne = one.CacheAs(category, input => [input.Item1]);
        var cachedTwo = two.CacheAs(category, (a, _) => [a]);

        (await cachedOne(("a", 1), default)).ShouldBe("one (a, 1) 1");
        (await cachedTwo("a", 1, default)).ShouldBe("two a 1 2");
        (await cachedOne(("a", 1), default)).ShouldBe("one (a, 1) 1");
        (await cachedTwo("a", 1, default)).ShouldBe("two a 1 2");
        (await cachedOne(("a", 2), default)).ShouldBe("one (a, 2) 3");
        await cache.RemoveByTagAsync("a");
        (await cachedOne(("a", 1), default)).ShouldBe("one (a, 1) 4");
    }

    [Theory]
    [InlineData("features", 300, 1000)]
    [InlineData("predictions", 3600, 1000)]
    [InlineData("usage-analysis", 604_800, 1000)]
    [InlineData("events", 60, 500)]
    [InlineData("search", 30, 200)]
    [InlineData("graph", 120, 100)]
    [InlineData("backtest", 600, 1000)]
    [InlineData("something-else", 300, 1000)]
    public void Defaults_AreThoseOfTheServices(string name, int seconds, int entries)
    {
        var options = CategoryDefaults.For(name);
        options.TimeToLive.ShouldBe(TimeSpan.FromSeconds(seconds));
        options.MaxEntries.ShouldBe(entries);
        CategoryDefaults.Names.Count.ShouldBe(16);
    }
}
