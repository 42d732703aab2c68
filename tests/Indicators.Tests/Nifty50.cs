using System.Globalization;
using Fettle.Testing;

namespace Fettle.Indicators.Tests;

/// <summary>Real daily bars; empty where the shared data is absent.</summary>
internal static class Nifty50
{
    public static IEnumerable<(string Name, double[][] Bars)> Stocks()
    {
        if (!SharedData.Has("prices", "nifty50"))
        {
            yield break;
        }

        double[]? index = null;
        foreach (var file in Directory.GetFiles(SharedData.PathOf("prices", "nifty50"), "*.csv").Order(StringComparer.Ordinal))
        {
            var rows = File.ReadLines(file).Skip(1).Select(l => l.Split(',')).ToArray();
            var bars = Enumerable.Range(1, 5).Select(c => rows.Select(r => double.Parse(r[c], CultureInfo.InvariantCulture)).ToArray()).ToList();
            // The first stock stands in for an index.
            index ??= bars[3];
            bars.Add([.. index.Take(rows.Length), .. Enumerable.Repeat(index[^1], Math.Max(0, rows.Length - index.Length))]);
            yield return (Path.GetFileNameWithoutExtension(file), [.. bars]);
        }
    }
}
