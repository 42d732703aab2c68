namespace Fettle.LoadTesting.Server;

/// <summary>Reads the figures of something beside the target while load runs: its runtime, its database, its cache.</summary>
public interface IServerProbe : IAsyncDisposable
{
    /// <summary>Name in reports: runtime, postgres, redis.</summary>
    string Name { get; }

    /// <summary>What is read, in the order of the values.</summary>
    IReadOnlyList<ServerFigure> Figures { get; }

    /// <summary>One value for each figure; NaN for one that is not there.</summary>
    /// <param name="cancellation">Ends the reading.</param>
    ValueTask<double[]> ReadAsync(CancellationToken cancellation);
}

/// <summary>One figure of a probe.</summary>
/// <param name="Name">Name in reports, with the unit that is drawn: per second for a counter.</param>
/// <param name="Counter">A total that only grows; its change per second is drawn.</param>
/// <param name="Factor">What a value, or a counter's change per second, is multiplied with.</param>
public sealed record ServerFigure(string Name, bool Counter = false, double Factor = 1);

/// <summary>What a probe read during a run.</summary>
/// <param name="Source">The probe's name.</param>
/// <param name="Figures">Names of the values.</param>
/// <param name="Samples">Seconds after the beginning of the run, and the values: NaN where there is none.</param>
/// <param name="Note">Why values are missing; empty when none are.</param>
public sealed record ServerSeries(string Source, IReadOnlyList<string> Figures, IReadOnlyList<(double Seconds, double[] Values)> Samples, string Note)
{
    /// <summary>The mean of a figure over the run; NaN when it was never there.</summary>
    public double Mean(string figure) => Values(figure).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The largest value of a figure over the run; NaN when it was never there.</summary>
    public double Max(string figure) => Values(figure).DefaultIfEmpty(double.NaN).Max();

    IEnumerable<double> Values(string figure)
    {
        var at = Figures.ToList().IndexOf(figure);
        return at < 0 ? [] : Samples.Select(s => s.Values[at]).Where(v => !double.IsNaN(v));
    }
}
