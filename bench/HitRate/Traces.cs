using System.IO.Compression;

namespace Fettle.Bench.HitRate;

/// <summary>Access traces: the recorded ones where the shared data is present, and generated ones. The settings of the eviction policy were chosen on both, so neither is held out.</summary>
internal static class Traces
{
    public static IEnumerable<(string Name, int[] Keys)> Recorded()
    {
        var folder = Folder();
        return folder is null ? [] : Directory.EnumerateFiles(folder, "*.trace.gz").Order(StringComparer.Ordinal)
            .Select(f => (Path.GetFileName(f).Replace(".trace.gz", ""), Read(f)));
    }

    public static IEnumerable<(string Name, int[] Keys)> Generated()
    {
        yield return ("zipf 0.8", [.. Zipf(new Random(1), 0.8, 20_000).Take(200_000)]);
        yield return ("zipf 1.0", [.. Zipf(new Random(2), 1.0, 20_000).Take(200_000)]);
        yield return ("loop", [.. Enumerable.Range(0, 100_000).Select(i => i % 5_000)]);
        yield return ("scan in zipf", [.. ScanInZipf()]);
        yield return ("shifting zipf", [.. Enumerable.Range(0, 10).SelectMany(phase => Zipf(new Random(3 + phase), 0.9, 10_000).Take(20_000).Select(k => k + (phase * 3_000)))]);
        yield return ("recency", [.. Recency(new Random(20))]);
        yield return ("loop then recency", [.. Enumerable.Range(0, 60_000).Select(i => i % 4_000), .. Recency(new Random(21)).Take(100_000).Select(k => k + 1_000_000)]);
    }

    static IEnumerable<int> ScanInZipf()
    {
        var random = new Random(10);
        using var zipf = Zipf(random, 0.9, 10_000).GetEnumerator();
        var scan = 1_000_000;
        for (var i = 0; i < 200_000; i++)
        {
            if (i % 20_000 >= 15_000)
            {
                yield return scan++;
            }
            else
            {
                zipf.MoveNext();
                yield return zipf.Current;
            }
        }
    }

    /// <summary>Each access repeats one of the last accesses at a distance that falls off as a power, or brings a new key.</summary>
    static IEnumerable<int> Recency(Random random)
    {
        var past = new List<int>();
        for (var i = 0; i < 200_000; i++)
        {
            var distance = (int)Math.Pow(20_000, random.NextDouble());
            var key = distance < past.Count && random.NextDouble() < 0.85 ? past[^distance] : i;
            past.Add(key);
            yield return key;
        }
    }

    static IEnumerable<int> Zipf(Random random, double exponent, int keys)
    {
        var cumulative = new double[keys];
        var sum = 0.0;
        for (var i = 0; i < keys; i++)
        {
            cumulative[i] = sum += 1 / Math.Pow(i + 1, exponent);
        }

        while (true)
        {
            var at = Array.BinarySearch(cumulative, random.NextDouble() * sum);
            // Ranks are scattered over the key space, so that neighbours in rank are no neighbours in key.
            yield return (int)((uint)(at < 0 ? ~at : at) * 2_654_435_761 % 1_000_003);
        }
    }

    static int[] Read(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        var keys = new List<int>();
        while (reader.ReadLine() is { } line)
        {
            keys.Add(int.Parse(line, System.Globalization.CultureInfo.InvariantCulture));
        }

        return [.. keys];
    }

    static string? Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data", "cache_traces");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
