namespace Fettle.MarketData.Tests;

public sealed class PackedSeriesTests
{
    static (int[] Days, double[][] Columns) Series(int seed, int count, Func<Random, double> value)
    {
        var random = new Random(seed);
        return ([.. Enumerable.Range(0, count).Select(i => 700_000 + 2 * i)], [.. Enumerable.Range(0, 5).Select(_ => Enumerable.Range(0, count).Select(_ => value(random)).ToArray())]);
    }

    static double[][] RoundTrip(int[] days, double[][] columns, out int size)
    {
        var bytes = PackedSeries.Encode(days, columns);
        size = bytes.Length;
        PackedSeries.Count("x", bytes).ShouldBe(days.Length);
        var back = new int[days.Length];
        var result = Enumerable.Range(0, 5).Select(_ => new double[days.Length]).ToArray();
        PackedSeries.Decode(bytes, back, result[0], result[1], result[2], result[3], result[4]);
        back.ShouldBe(days);
        return result;
    }

    public static TheoryData<string> Values => ["paise", "whole", "fractions", "special"];

    [Theory]
    [MemberData(nameof(Values))]
    public void Decode_OfEncoded_GivesTheSameBits(string kind)
    {
        double[] special = [0, -0.0, double.NaN, double.PositiveInfinity, double.Epsilon, 1e300, 21474836.47, 21474836.48, 2147483647, 2147483648, 0.005, -3.25];
        for (var seed = 0; seed < 40; seed++)
        {
            var (days, columns) = Series(seed, seed * 3, r => kind switch
            {
                "paise" => Math.Round(r.NextDouble() * 5000, 2),
                "whole" => r.Next(),
                "fractions" => r.NextDouble(),
                _ => special[r.Next(special.Length)],
            });
            var back = RoundTrip(days, columns, out var size);
            back.SelectMany(c => c).Select(BitConverter.DoubleToInt64Bits).ShouldBe(columns.SelectMany(c => c).Select(BitConverter.DoubleToInt64Bits));
            if (kind is "paise" or "whole")
            {
                size.ShouldBe(PackedSeries.HeaderBytes + days.Length * 24);
            }
        }
    }

    [Fact]
    public void Count_OfAnyFlippedBit_SaysDamaged()
    {
        var (days, columns) = Series(1, 9, r => Math.Round(r.NextDouble() * 100, 2));
        var bytes = PackedSeries.Encode(days, columns);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Should.Throw<InvalidDataException>(() => PackedSeries.Count("500325", bytes)).Message.ShouldStartWith("the packed series of stock '500325' is damaged: ");
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void Count_OfEveryTruncation_SaysDamaged()
    {
        var (days, columns) = Series(2, 9, r => r.NextDouble());
        var bytes = PackedSeries.Encode(days, columns);
        for (var length = 0; length < bytes.Length; length++)
        {
            Should.Throw<InvalidDataException>(() => PackedSeries.Count("x", bytes.AsSpan(0, length)));
        }
    }
}
