using System.Globalization;

namespace Fettle.LoadTesting.Reports;

/// <summary>A coarse word for a run: excellent (≥ 99 % right and under 0.5 s on average), good (≥ 95 % and under 1 s), else poor.</summary>
sealed record Grade(string Word, string Reason)
{
    public static Grade Of(LoadResult result)
    {
        var success = 1 - result.ErrorRate;
        var mean = result.Latency.Mean.TotalSeconds;
        var word = result.Requests == 0 ? "poor" : (success, mean) switch
        {
            ( >= 0.99, < 0.5) => "excellent",
            ( >= 0.95, < 1) => "good",
            _ => "poor",
        };
        return new Grade(word, string.Create(CultureInfo.InvariantCulture, $"{success * 100:0.##} % right, {mean * 1000:0.#} ms on average"));
    }

    public override string ToString() => $"{Word} ({Reason})";
}
