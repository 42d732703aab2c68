using Fettle.LoadTesting.Engine.Loop;

namespace Fettle.LoadTesting.Engine;

/// <summary>Adds up what the loops publish and reports once per round of all of them.</summary>
sealed class ProgressMeter(int shares, long start, long countFrom, IProgress<LoadProgress>? progress)
{
    readonly Lock _lock = new();
    readonly LatencyHistogram _recent = new();
    readonly (long Requests, long Failed, int InFlight, int Waiting, int Connections)[] _latest = new (long, long, int, int, int)[shares];
    int _published;
    readonly long _start = start;
    long _last;

    /// <summary>Called on the loop's thread.</summary>
    public void Publish(int share, ILoadLoop loop, long now)
    {
        if (progress is null)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var workload in loop.Workloads)
            {
                _recent.Add(workload.Recorder.Recent);
                workload.Recorder.Recent.Clear();
            }

            _latest[share] = (loop.Workloads.Sum(w => w.Recorder.Requests), loop.Workloads.Sum(w => w.Recorder.Failed), loop.InFlight, loop.Waiting, loop.Connections);
            if (++_published < shares)
            {
                return;
            }

            _published = 0;
            var seconds = Math.Max(1e-9, (now - Math.Max(_last, _start)) / 1e9);
            progress.Report(new LoadProgress(
                TimeSpan.FromTicks(Math.Max(0, now - _start) / 100), now < countFrom,
                _latest.Sum(l => l.Requests), _latest.Sum(l => l.Failed), _latest.Sum(l => l.InFlight), _latest.Sum(l => l.Waiting), _latest.Sum(l => l.Connections),
                _recent.Count / seconds, _recent.Count == 0 ? double.NaN : _recent.MillisecondsAt(50), _recent.Count == 0 ? double.NaN : _recent.MillisecondsAt(99)));
            _recent.Clear();
            _last = now;
        }
    }
}
