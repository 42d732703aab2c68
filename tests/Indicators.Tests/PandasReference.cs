using System.Globalization;
using System.Runtime.InteropServices;
using Fettle.Testing;

namespace Fettle.Indicators.Tests;

/// <summary>What reference.py makes of several markets: Python is started once for all of them.</summary>
public sealed class PandasReference
{
    readonly Dictionary<string, double[]> _outputs = new(StringComparer.Ordinal);

    public PandasReference()
    {
        if (RequiresPandasFactAttribute.Missing is not null)
        {
            return;
        }

        var folder = Directory.CreateTempSubdirectory("fettle-pandas");
        try
        {
            Names = Run(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>INDICATOR[:PARAMETERS].OUTPUT, in the order of the outputs.</summary>
    public string[] Names { get; } = [];

    /// <summary>1,000 generated stocks, some of odd prices, and the real ones; stocks of one market have the same number of bars.</summary>
    internal Dictionary<string, (string Name, double[][] Bars)[]> Markets { get; } = All();

    /// <summary>One output of one stock.</summary>
    internal ReadOnlySpan<double> Expected(string market, int name, int stock)
    {
        var count = Markets[market][0].Bars[0].Length;
        return _outputs[market].AsSpan((name * Markets[market].Length + stock) * count, count);
    }

    static Dictionary<string, (string, double[][])[]> All()
    {
        var markets = new Dictionary<string, (string, double[][])[]>(StringComparer.Ordinal);
        foreach (var (seed, bars) in new[] { (0, 60), (250, 137), (500, 250), (750, 359) })
        {
            markets.Add($"{bars} bars", [.. Enumerable.Range(seed, 250).Select(s => ($"seed {s}", Market.Bars(s, bars)))]);
        }

        markets.Add("cheap, dear and calm", [("1e-9", Market.Bars(1, 250, 1e-9)), ("1e12", Market.Bars(2, 250, 1e12)), ("calm 1e6", Market.Bars(3, 250, 1e6, 1e-6))]);
        foreach (var sameLength in Nifty50.Stocks().GroupBy(s => s.Bars[0].Length))
        {
            markets.Add($"NIFTY 50, {sameLength.Key} bars", [.. sameLength]);
        }

        return markets;
    }

    string[] Run(string folder)
    {
        var jobs = new List<string>();
        foreach (var (name, stocks) in Markets)
        {
            var file = Path.Combine(folder, jobs.Count.ToString(CultureInfo.InvariantCulture));
            using (var stream = File.Create(file + ".bars"))
            {
                foreach (var column in stocks.SelectMany(s => s.Bars))
                {
                    stream.Write(MemoryMarshal.AsBytes<double>(column));
                }
            }

            jobs.Add(FormattableString.Invariant($"{file}.bars {stocks.Length} {stocks[0].Bars[0].Length} {file}.out"));
        }

        var list = Path.Combine(folder, "jobs");
        File.WriteAllLines(list, jobs);
        var names = Python.Run(Python.With("pandas")!, Path.Combine(AppContext.BaseDirectory, "reference.py"), list).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var (market, job) in Markets.Keys.Zip(jobs))
        {
            _outputs.Add(market, MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(job[(job.LastIndexOf(' ') + 1)..])).ToArray());
        }

        return names;
    }
}
