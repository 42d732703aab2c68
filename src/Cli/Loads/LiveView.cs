using System.Globalization;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Scenarios;

namespace Fettle.Cli.Loads;

/// <summary>One line on the terminal that follows the run: progress, rate, percentiles, errors, a sparkline of the median.</summary>
internal sealed class LiveView : IProgress<LoadProgress>
{
    const string Bars = "▁▂▃▄▅▆▇█";
    const int Width = 24;

    readonly double _seconds;
    readonly bool _plain;
    readonly Queue<double> _medians = new();
    int _reports;

    public LiveView(ScenarioFile file, bool plain)
    {
        _seconds = file.Scenarios.Max(s => (s.StartAfter + s.WarmUp + s.Duration).TotalSeconds);
        _plain = plain;
    }

    public void Report(LoadProgress value)
    {
        if (!double.IsNaN(value.MedianMilliseconds))
        {
            _medians.Enqueue(value.MedianMilliseconds);
            if (_medians.Count > Width)
            {
                _medians.Dequeue();
            }
        }

        // Without a terminal one line every five seconds is enough.
        if (_plain && _reports++ % 10 != 9)
        {
            return;
        }

        var line = string.Create(CultureInfo.InvariantCulture,
            $"{(value.WarmingUp ? "warm-up" : $"{Math.Min(100, 100 * value.Elapsed.TotalSeconds / _seconds):0}%"),7}  {value.Elapsed.TotalSeconds,6:0.0}s  {value.RatePerSecond,7:0}/s  p50 {value.MedianMilliseconds,7:0.00}  p99 {value.P99Milliseconds,7:0.00} ms  failed {value.Failed}  in flight {value.InFlight}  waiting {value.Waiting}  {Sparkline()}");
        Console.Error.Write(_plain ? line + "\n" : $"\r{line}\e[K");
    }

    public void Close()
    {
        if (!_plain)
        {
            Console.Error.Write("\r\e[K");
        }
    }

    string Sparkline()
    {
        if (_plain || _medians.Count == 0)
        {
            return "";
        }

        var (least, most) = (_medians.Min(), _medians.Max());
        return string.Concat(_medians.Select(m => Bars[most <= least ? 0 : (int)((m - least) / (most - least) * (Bars.Length - 1))]));
    }
}
