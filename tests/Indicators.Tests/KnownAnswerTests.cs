namespace Fettle.Indicators.Tests;

/// <summary>Examples small enough to work by hand, worked beside the expectation.</summary>
public sealed class KnownAnswerTests
{
    [Fact]
    public void Sma_OfThree_IsTheMeanOfThree()
    {
        var sma = new double[5];
        Sma.Series([1, 2, 3, 5, 10], 3, sma);
        sma[..2].ShouldAllBe(v => double.IsNaN(v));
        sma[2].ShouldBe(2);
        sma[3].ShouldBe(10.0 / 3, 1e-15);
        sma[4].ShouldBe(6);
    }

    [Fact]
    public void Ema_OfThree_StartsAtTheMeanAndMovesByHalf()
    {
        var ema = new double[5];
        Ema.Series([1, 2, 3, 5, 10], 3, ema);
        // seed (1+2+3)/3 = 2; k = 2/4; 2 + (5-2)/2 = 3.5; 3.5 + (10-3.5)/2 = 6.75
        ema.ShouldBe([double.NaN, double.NaN, 2, 3.5, 6.75]);
    }

    [Fact]
    public void Rsi_OfTwo_FollowsWilder()
    {
        var rsi = new double[5];
        Rsi.Series([10, 12, 11, 11, 15], 2, rsi);
        // changes +2 -1 0 +4; gains (2+0)/2 = 1, losses (0+1)/2 = 0.5: 100*1/1.5
        // then gains (1+0)/2 = .5, losses (.5+0)/2 = .25: 100*.5/.75; then (0.5+4)/2 = 2.25 and .125: 100*2.25/2.375
        rsi[..2].ShouldAllBe(v => double.IsNaN(v));
        rsi[2].ShouldBe(100 / 1.5, 1e-12);
        rsi[3].ShouldBe(50 / 0.75, 1e-12);
        rsi[4].ShouldBe(225 / 2.375, 1e-12);
    }

    [Fact]
    public void Rsi_OfAConstantPrice_IsZeroAsInTaLib()
    {
        var rsi = new double[40];
        Rsi.Series(Enumerable.Repeat(7.25, 40).ToArray(), 14, rsi);
        rsi[14..].ShouldAllBe(v => v == 0);
    }

    [Fact]
    public void Macd_OfSmallPeriods_AlignsTheSeedsLikeTaLib()
    {
        double[] close = [1, 2, 4, 7, 11, 16];
        var (line, signal, histogram) = (new double[6], new double[6], new double[6]);
        Macd.Series(close, 2, 3, 2, line, signal, histogram);
        // slow seed at bar 2: (1+2+4)/3; fast seed at bar 2: (2+4)/2 = 3, then k = 2/3 and 1/2
        var slow2 = 7.0 / 3;
        var slow3 = slow2 + (7 - slow2) / 2;
        var fast3 = 3 + (7 - 3) * 2.0 / 3;
        var signal3 = ((3 - slow2) + (fast3 - slow3)) / 2;
        line[2].ShouldBe(double.NaN);
        line[3].ShouldBe(fast3 - slow3, 1e-12);
        signal[3].ShouldBe(signal3, 1e-12);
        histogram[3].ShouldBe(fast3 - slow3 - signal3, 1e-12);
    }

    [Fact]
    public void BollingerBands_OfAConstantPrice_HaveNoWidthAndPercentBIsHalf()
    {
        var close = Enumerable.Repeat(1e6 + 0.1, 50).ToArray();
        var (upper, middle, lower, percentB) = (new double[50], new double[50], new double[50], new double[50]);
        BollingerBands.Series(close, 20, 2, upper, middle, lower, percentB);
        for (var i = 19; i < 50; i++)
        {
            (upper[i], middle[i], lower[i], percentB[i]).ShouldBe((close[i], close[i], close[i], 0.5));
        }
    }

    [Fact]
    public void RateOfChange_OfOneBar_IsPercent()
    {
        var (roc, momentum) = (new double[3], new double[3]);
        RateOfChange.Series([100, 110, 99], 1, roc);
        Momentum.Series([100, 110, 99], 1, momentum);
        roc[1].ShouldBe(10, 1e-12);
        roc[2].ShouldBe(-10, 1e-12);
        momentum.ShouldBe([double.NaN, 10, -11]);
    }
}
