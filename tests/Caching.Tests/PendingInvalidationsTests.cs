using Fettle.Caching.SecondTier;

namespace Fettle.Caching.Tests;

public class PendingInvalidationsTests
{
    [Fact]
    public void AddedAgainDuringDelivery_IsDeliveredAgain()
    {
        // The second tier may have applied the first before the second was asked for.
        var pending = new PendingInvalidations(10);
        pending.Add(Invalidation.ForCategory("c"));
        pending.Take(5).ShouldBe([Invalidation.ForCategory("c")]);
        pending.Add(Invalidation.ForCategory("c"));
        pending.Add(Invalidation.ForKey("c", "k"));
        pending.Delivered();
        pending.Count.ShouldBe(1);
        pending.Take(5).ShouldBe([Invalidation.ForCategory("c")]);
    }

    [Fact]
    public void NotDelivered_IsTakenAgainFirst()
    {
        var pending = new PendingInvalidations(10);
        pending.Add(Invalidation.ForKey("c", "1"));
        pending.Take(5);
        pending.Add(Invalidation.ForKey("c", "2"));
        pending.Count.ShouldBe(2);
        pending.Take(5).ShouldBe([Invalidation.ForKey("c", "1")]);
        pending.Delivered();
        pending.Take(5).ShouldBe([Invalidation.ForKey("c", "2")]);
    }

    [Fact]
    public void BeyondTheBound_WhatIsDropped_IsCoveredByWhatIsKept()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var pending = new PendingInvalidations(random.Next(1, 8));
            var added = new List<Invalidation>();
            var delivered = new List<Invalidation>();
            for (var i = 0; i < 60; i++)
            {
                var one = random.Next(4) == 0 ? Invalidation.ForTag($"t{random.Next(3)}") : Invalidation.ForKey($"c{random.Next(2)}", $"k{random.Next(20)}");
                added.Add(one);
                pending.Add(one);
                if (random.Next(15) == 0)
                {
                    delivered.AddRange(pending.Take(random.Next(1, 5)));
                    pending.Delivered();
                }
            }

            while (pending.Count > 0)
            {
                delivered.AddRange(pending.Take(3));
                pending.Delivered();
            }

            foreach (var one in added)
            {
                delivered.Any(d => d == one || d.Kind == InvalidationKind.Everything || (d.Kind == InvalidationKind.Category && d.Category == one.Category))
                    .ShouldBeTrue($"seed {seed}: {one}");
            }
        }
    }
}
