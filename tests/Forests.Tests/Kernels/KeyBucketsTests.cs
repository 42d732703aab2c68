using System.Runtime.Intrinsics.X86;
using Fettle.Forests.Kernels;

namespace Fettle.Forests.Tests.Kernels;

/// <summary>Ranks by buckets equal counting, on keys of any spacing and on values that are keys or their neighbours.</summary>
public sealed class KeyBucketsTests
{
    static readonly float[] Special =
        [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0, -0f, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, 1e-38f];

    [Theory]
    [InlineData("normal", true)]
    [InlineData("uniform", true)]
    [InlineData("integers", true)]
    [InlineData("tiny", true)]
    [InlineData("one", true)]
    [InlineData("lognormal", false)]
    [InlineData("everything", false)]
    public void Ranks_AreCounts(string spacing, bool even)
    {
        var random = new Random(3);
        for (var round = 0; round < 40; round++)
        {
            var keys = Enumerable.Range(0, spacing == "one" ? 1 : 1 + random.Next(255)).Select(_ => Key(random, spacing)).Select(k => k == 0 ? 0 : k).Distinct().Order().ToArray();
            var buckets = new KeyBuckets([keys]);
            if (!buckets.Has(0))
            {
                (even && Avx2.IsSupported).ShouldBeFalse($"{spacing} round {round}: {keys.Length} keys have no buckets");
                continue;
            }

            var values = keys.SelectMany(k => new[] { k, MathF.BitIncrement(k), MathF.BitDecrement(k) }).Concat(Special)
                .Concat(Enumerable.Range(0, 200).Select(_ => Key(random, spacing) * 1.5f)).ToArray();
            var ranks = new byte[values.Length];
            buckets.Ranks(0, ref values[0], values.Length, 1, ref ranks[0]);
            for (var i = 0; i < values.Length; i++)
            {
                var expected = keys.Count(k => k <= values[i]);
                ((int)ranks[i]).ShouldBe(expected, $"{spacing} round {round}, value {values[i]:R}");
                ((int)buckets.Rank(0, values[i])).ShouldBe(expected, $"{spacing} round {round}, value {values[i]:R} alone");
            }
        }
    }

    [Fact]
    public void KeysThatAreInfiniteOrTooClose_HaveNoBuckets()
    {
        new KeyBuckets([[float.NegativeInfinity, 0]]).Has(0).ShouldBeFalse();
        new KeyBuckets([[0, float.PositiveInfinity]]).Has(0).ShouldBeFalse();
        new KeyBuckets([[.. Enumerable.Range(0, 20).Select(i => i * 1e-9f), 1]]).Has(0).ShouldBeFalse();
        new KeyBuckets([[.. Enumerable.Range(0, 200).Select(i => (float)i)]]).Has(0).ShouldBe(Avx2.IsSupported);
    }

    static float Key(Random random, string spacing)
    {
        var (u, v) = (1 - random.NextDouble(), random.NextDouble());
        var normal = Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
        return spacing switch
        {
            "normal" => (float)normal,
            "uniform" => (float)(u * 2000 - 1000),
            "integers" => random.Next(-100, 100),
            "tiny" => (float)(u * 1e-20),
            "one" => (float)normal,
            "lognormal" => (float)Math.Exp(5 * normal),
            _ => BitConverter.Int32BitsToSingle(random.Next()) is var any && float.IsFinite(any) ? any : 0,
        };
    }
}
