using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Tests;

/// <summary>Input that breaks naive code: no exception, no garbage, no drift.</summary>
public sealed class EdgeCaseTests
{
    [Fact]
    public void Deviation_AfterAMillionBarsAtAMillion_EqualsDecimalArithmetic()
    {
        const int Count = 1_000_000, Period = 20;
        var random = new Random(11);
        var close = new double[Count];
        for (var i = 0; i < Count; i++)
        {
            close[i] = 1e6 + Math.Round((random.NextDouble() - 0.5) * 2e-3, 6);
        }

        // A spike that has left the window must leave no trace.
        close[Count / 2] = 1e12;
        var (deviation, mean) = (new double[Count], new double[Count]);
        StandardDeviation.Series(close, Period, deviation);
        Sma.Series(close, Period, mean);
        for (var end = Count - 1; end > Count / 2 + Period; end -= 4999)
        {
            // The distance from 10⁶ is exact as a double, and small enough for a decimal to hold all of it that matters.
            var exact = close[(end - Period + 1)..(end + 1)].Select(v => (decimal)(v - 1e6)).ToArray();
            var average = exact.Average();
            var variance = exact.Sum(v => (v - average) * (v - average)) / Period;
            deviation[end].ShouldBe(Math.Sqrt((double)variance), 1e-9 * deviation[end]);
            mean[end].ShouldBe(1e6 + (double)average, 2e-10);
        }
    }

    public static TheoryData<string> Names => [.. IndicatorCatalog.All.Select(e => e.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gap_StartsTheIndicatorAnew(string name)
    {
        foreach (var indicator in Market.AllIndicators().Where(i => i.Descriptor.Name == name))
        {
            for (var field = 0; field < 6; field++)
            {
                var bars = Market.Bars(3, 400);
                bars[field][170] = double.NaN;
                var whole = Market.Compute(indicator, bars);
                var tail = Market.Compute(indicator, Market.Series(bars, 171, 400), 229);
                var untouched = Market.Compute(indicator, Market.Bars(3, 400));
                var reads = ((int)indicator.Descriptor.Inputs & 1 << field) != 0;
                for (var k = 0; k < whole.Length; k++)
                {
                    if (reads)
                    {
                        whole[k][170].ShouldBe(double.NaN);
                        Market.FirstDifference(whole[k].AsSpan(171), tail[k]).ShouldBe(-1, $"{name} behind the gap");
                    }

                    Market.FirstDifference(whole[k].AsSpan(0, 170), untouched[k].AsSpan(0, 170)).ShouldBe(-1, $"{name} before the gap");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WarmUp_IsTheIndexOfTheFirstValue(string name)
    {
        foreach (var indicator in Market.AllIndicators().Where(i => i.Descriptor.Name == name))
        {
            var bars = Market.Bars(4, 300);
            Array.Fill(bars[4], 1000);
            var outputs = Market.Compute(indicator, bars);
            outputs.Min(o => Array.FindIndex(o, v => !double.IsNaN(v))).ShouldBe(indicator.WarmUp, name);
            var shorter = Market.Compute(indicator, Market.Series(bars, 0, indicator.WarmUp), indicator.WarmUp);
            shorter.SelectMany(o => o).ShouldAllBe(v => double.IsNaN(v));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OddPrices_GiveFiniteValuesInRange(string name)
    {
        foreach (var indicator in Market.AllIndicators().Where(i => i.Descriptor.Name == name))
        {
            foreach (var price in new[] { 1e-9, 5e-310, 1e12, 100 })
            {
                var constant = Market.Bars(1, 200);
                foreach (var column in constant[..4])
                {
                    Array.Fill(column, price);
                }

                Array.Fill(constant[4], 0);
                foreach (var bars in new[] { constant, Market.Bars(2, 200, price) })
                {
                    foreach (var value in Market.Compute(indicator, bars).SelectMany(o => o[Math.Min(199, 2 * indicator.WarmUp + 2)..]))
                    {
                        double.IsInfinity(value).ShouldBeFalse($"{name} at {price}");
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EmptySeries_IsAccepted(string name) => Market.Compute(IndicatorCatalog.Create(name), Market.Bars(1, 0)).ShouldAllBe(o => o.Length == 0);

    [Fact]
    public void Parameters_OutOfRange_NameValueAndRange()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new Rsi(1)).Message.ShouldStartWith("period is 1; allowed are 2 to 100000 (default 14)");
        Should.Throw<ArgumentException>(() => new Macd(26, 12, 9)).Message.ShouldStartWith("fast is 26 and slow is 12; fast must be less than slow");
        Should.Throw<ArgumentException>(() => IndicatorCatalog.Create("rsj")).Message.ShouldStartWith("indicator 'rsj' is not known; known are adx, ");
        Should.Throw<ArgumentOutOfRangeException>(() => IndicatorCatalog.Create("rsi", 2.5)).Message.ShouldStartWith("period is 2.5; only whole numbers are allowed");
        Should.Throw<ArgumentException>(() => Rsi.Series(new double[5], 14, new double[4])).Message.ShouldStartWith("output rsi has room for 4 values and the series has 5 bars");
    }

    [Fact]
    public void Level_OfAnUnknownName_IsRefused() =>
        Should.Throw<ArgumentException>(() => Simd.Choose("sse9")).Message.ShouldBe("FETTLE_SIMD is 'sse9'; allowed are scalar, avx2, avx512 and auto");

    [Fact]
    public void Level_OfAName_IsThatLevel()
    {
        Simd.Choose(" Scalar ").ShouldBe(SimdLevel.Scalar);
        Simd.Choose("avx2").ShouldBe(SimdLevel.Avx2);
        Simd.Choose("avx512").ShouldBe(SimdLevel.Avx512);
        Simd.IsNative(Simd.Choose(null)).ShouldBeTrue();
        Simd.Choose("auto").ShouldBe(Simd.Choose(""));
    }

    [Fact]
    public unsafe void TypicalPrice_IsTheThirdOfTheSum_ToTheBit()
    {
        var random = new Random(4);
        var columns = GC.AllocateArray<double>(4 * Block.Length, pinned: true);
        fixed (double* start = columns)
        {
            var lanes = (Lane1*)start;
            var tile = new Tile<Lane1> { High = lanes, Low = lanes + Block.Length, Close = lanes + 2 * Block.Length };
            for (var block = 0; block < 2000; block++)
            {
                var scale = Math.Pow(10, random.Next(-320, 300));
                for (var i = 0; i < 3 * Block.Length; i++)
                {
                    columns[i] = block % 2 == 0 ? Math.Round(random.NextDouble() * 1e5) * scale : random.NextDouble() * scale;
                }

                TypicalPrice.Run(tile, 0, lanes + 3 * Block.Length, Block.Length);
                for (var i = 0; i < Block.Length; i++)
                {
                    columns[3 * Block.Length + i].ShouldBe((columns[i] + columns[Block.Length + i] + columns[2 * Block.Length + i]) / 3);
                }
            }
        }
    }

    [Fact]
    public void Stream_OfClosesAndOneOfBars_AllocatesNothing()
    {
        var stream = new BollingerBands().Stream();
        for (var i = 0; i < 100; i++)
        {
            stream.Append(100 + i % 7);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            stream.Append(100 + i % 7);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }
}
