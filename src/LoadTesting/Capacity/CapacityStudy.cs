using System.Globalization;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;

namespace Fettle.LoadTesting.Capacity;

/// <summary>How the curve of an instance is measured.</summary>
public sealed record CapacityStudyOptions
{
    /// <summary>Users without think time in turn; at least three different numbers, each 1 to 10,000; default 1, 2, 4, 8, 16.</summary>
    public IReadOnlyList<int> Users
    {
        get;
        set
        {
            if (value.Distinct().Count() < 3 || value.Any(u => u is < 1 or > 10_000))
            {
                Throw.Invalid(nameof(Users), string.Join(',', value), "write at least three different numbers from 1 to 10,000");
            }

            field = value;
        }
    } = [1, 2, 4, 8, 16];

    /// <summary>How often the steps are gone through, up and down by turns, so that a drifting machine moves all alike; 1 to 100, default 2.</summary>
    public int Rounds
    {
        get;
        set => field = Throw.InRange(value, 1, 100, nameof(Rounds));
    } = 2;

    /// <summary>Counted time of a step; default 10 s, from 500 ms to an hour.</summary>
    public TimeSpan Duration
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(500), TimeSpan.FromHours(1), nameof(Duration));
    } = TimeSpan.FromSeconds(10);

    /// <summary>Load before counting in each step; default 2 s, at most an hour.</summary>
    public TimeSpan WarmUp
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(WarmUp));
    } = TimeSpan.FromSeconds(2);
}

/// <summary>A prediction beside what a run at the same load gave.</summary>
/// <param name="Users">Requests at once, without think time.</param>
/// <param name="Predicted">Good answers per second as the law has it.</param>
/// <param name="PredictedLow">Lower end of the 95 % interval of one more run.</param>
/// <param name="PredictedHigh">Upper end.</param>
/// <param name="Measured">Good answers per second of the run.</param>
/// <param name="MeasuredLow">Lower end of the 95 % interval of its mean over half seconds.</param>
/// <param name="MeasuredHigh">Upper end.</param>
/// <param name="PredictedMeanMilliseconds">Mean latency as the law has it (Little's law).</param>
/// <param name="MeasuredMeanMilliseconds">Mean latency of the run.</param>
public sealed record CapacityCheck(
    int Users, double Predicted, double PredictedLow, double PredictedHigh, double Measured, double MeasuredLow, double MeasuredHigh,
    double PredictedMeanMilliseconds, double MeasuredMeanMilliseconds)
{
    /// <summary>Whether both intervals overlap.</summary>
    public bool Agrees => MeasuredHigh >= PredictedLow && MeasuredLow <= PredictedHigh;
}

/// <summary>Measures the curve of one instance, and holds a plan's prediction against a run at its knee.</summary>
/// <param name="runner">Runs the steps.</param>
/// <param name="file">Where the requests come from: the first scenario's, sent by users without think time.</param>
/// <param name="run">Target and limits.</param>
/// <param name="options">The steps.</param>
public sealed class CapacityStudy(ScenarioRunner runner, ScenarioFile file, ScenarioRunOptions run, CapacityStudyOptions options)
{
    bool _checked;
    double _best;

    /// <summary>What limited the step with the most throughput, as its report names it; null when nothing was named.</summary>
    public string? Resource { get; private set; }

    /// <summary>Concurrency and good answers per second of every step.</summary>
    /// <param name="tell">Told a line for each step; steps that say nothing about capacity are left out and named.</param>
    /// <param name="cancellation">Ends the study.</param>
    public async Task<IReadOnlyList<(double Concurrency, double Throughput)>> MeasureAsync(Action<string> tell, CancellationToken cancellation)
    {
        var points = new List<(double, double)>();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var users in round % 2 == 0 ? options.Users : options.Users.Reverse())
            {
                var report = LoadReport.Of(await StepAsync(users, cancellation), []);
                try
                {
                    var point = report.Point();
                    points.Add(point);
                    if (point.Throughput > _best)
                    {
                        (_best, Resource) = (point.Throughput, report.Resource);
                    }

                    tell(string.Create(CultureInfo.InvariantCulture, $"{users,5} users: {point.Throughput:0.0}/s"));
                }
                catch (InvalidDataException e)
                {
                    tell($"{users.ToString(CultureInfo.InvariantCulture),5} users: left out: {e.Message}");
                }
            }
        }

        return points;
    }

    /// <summary>Runs as many users as the plan's knee has and holds the outcome against the law.</summary>
    /// <exception cref="InvalidDataException">The run failed or the generator was its limit.</exception>
    public async Task<CapacityCheck> CheckAsync(CapacityPlan plan, IReadOnlyList<(double Concurrency, double Throughput)> points, CancellationToken cancellation)
    {
        var users = (int)plan.Knee;
        var step = await StepAsync(users, cancellation);
        var measured = LoadReport.Of(step, []).Point().Throughput;
        var (low, high) = plan.Law.PredictionInterval(points, users);
        var half = BlockStatistics.HalfWidth([.. step.Overall.Blocks.Select(b => (b.Requests - b.Failed) * 2.0)]);
        return new CapacityCheck(users, plan.Law.ThroughputAt(users), low, high, measured, measured - half, measured + half,
            1000 * plan.Law.LatencyAt(users), step.Overall.Latency.Mean.TotalMilliseconds);
    }

    async Task<ScenarioRun> StepAsync(int users, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var first = file.Scenarios[0];
        var step = file with
        {
            Scenarios = [first with { Model = LoadModel.Users(users), StartAfter = TimeSpan.Zero, WarmUp = options.WarmUp, Duration = options.Duration, MaxConnections = Math.Max(users, first.MaxConnections) }],
            Thresholds = [],
        };
        var outcome = await runner.RunAsync(step, run with { CheckFirst = run.CheckFirst && !_checked }, null, cancellation);
        _checked = true;
        cancellation.ThrowIfCancellationRequested();
        return outcome;
    }
}
