using System.Globalization;

namespace Fettle.LoadTesting.Reports;

/// <summary>
/// How long after a peak of an open model the latency is as before it. Before: the median of the half-second p95 while the
/// rate was at most the rate after the peak. Recovered: the first half second after the peak from which four in a row are at most half as
/// much again, or 5 ms more where that is larger.
/// </summary>
static class SpikeRecovery
{
    const int InARow = 4;
    const double Slack = 1.5;
    const double SlackMilliseconds = 5;

    /// <summary>Null when the model has no peak, or nothing was measured before it.</summary>
    public static (double PeakEnd, double? Seconds, double Before)? Of(LoadModel model, double warmUp, IReadOnlyList<LoadBlock> blocks)
    {
        if (model is not ArrivalModel { Stages: var stages })
        {
            return null;
        }

        var (at, peakEnd, after) = (0.0, double.NaN, 0.0);
        foreach (var (stage, next) in stages.Zip(stages.Skip(1)))
        {
            at += stage.Duration.TotalSeconds;
            if (next.From < stage.To && stage.To == stages.Max(s => Math.Max(s.From, s.To)))
            {
                (peakEnd, after) = (at - warmUp, next.From);
            }
        }

        var before = blocks.Where(b => !double.IsNaN(b.P95Milliseconds) && b.StartSeconds + 0.5 <= peakEnd && RateAt(stages, b.StartSeconds + 0.5 + warmUp) <= after).Select(b => b.P95Milliseconds).ToArray();
        if (double.IsNaN(peakEnd) || before.Length == 0)
        {
            return null;
        }

        var usual = BlockNoise.Median(before);
        var limit = Math.Max(usual * Slack, usual + SlackMilliseconds);
        var later = blocks.Where(b => b.StartSeconds >= peakEnd).ToArray();
        for (var i = 0; i + InARow <= later.Length; i++)
        {
            if (later.Skip(i).Take(InARow).All(b => b.Failed == 0 && b.P95Milliseconds <= limit))
            {
                return (peakEnd, Math.Max(0, later[i].StartSeconds - peakEnd), usual);
            }
        }

        return (peakEnd, null, usual);
    }

    /// <summary>The finding in a sentence, or null.</summary>
    public static string? Sentence(string scenario, LoadModel model, double warmUp, IReadOnlyList<LoadBlock> blocks) => Of(model, warmUp, blocks) is not { } r ? null
        : string.Create(CultureInfo.InvariantCulture, $"{scenario}: the peak ended after {r.PeakEnd:0.#} s; {(r.Seconds is { } s ? $"latency was as before (p95 {r.Before:0.##} ms) {s:0.#} s later" : $"latency did not come back to what it was before (p95 {r.Before:0.##} ms)")}");

    static double RateAt(IReadOnlyList<Stage> stages, double seconds)
    {
        foreach (var stage in stages)
        {
            var length = stage.Duration.TotalSeconds;
            if (seconds <= length)
            {
                return stage.From + (stage.To - stage.From) * seconds / length;
            }

            seconds -= length;
        }

        return stages[^1].To;
    }
}
