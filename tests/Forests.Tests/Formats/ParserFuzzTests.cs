using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fettle.Forests.Tests.Xgboost;
using Xunit.Abstractions;

namespace Fettle.Forests.Tests.Formats;

/// <summary>
/// Mutates good files of every format. Whatever the bytes say, the answer is a model or one <see cref="ModelFormatException"/>:
/// no other exception, no hang, and memory within a multiple of the file's size. 400 rounds per file, or FETTLE_FUZZ_ROUNDS;
/// FETTLE_SOAK (minutes for all formats together) goes on with new mutations instead until the time is over.
/// </summary>
[Trait("Category", "Slow")]
public sealed class ParserFuzzTests(ITestOutputHelper output)
{
    /// <summary>Tests that share the time of a soak.</summary>
    const int Formats = 7;

    static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("FETTLE_FUZZ_ROUNDS"), CultureInfo.InvariantCulture, out var rounds) ? rounds : 400;

    static TimeSpan Lasting => TimeSpan.FromMinutes(Soak.Minutes / Formats);

    [Fact]
    public void Onnx_AnyBytes() => Fuzz("onnx", Seeds(f => f.ToOnnx(), m => m.AverageOver == 1 && !m.Trees.Any(t => t.Nodes.Any(n => n.Kind is Trees.SplitKind.CategoriesLeft or Trees.SplitKind.CategoriesRight || n.Missing == Trees.MissingKind.Zero))));

    [Fact]
    public void Binary_AnyBytesWithARightChecksum() => Fuzz("binary", Seeds(f => f.ToBinary(), _ => true), Seal);

    [Fact]
    public void Binary_AnyBytes() => Fuzz("binary", Seeds(f => f.ToBinary(), _ => true));

    [Fact]
    public void LightGbmText_AnyBytes() => Fuzz("text", [Encoding.ASCII.GetBytes(LightGbmText), new SyntheticModel { Trees = 3, Leaves = 9, Features = 4, Thresholds = 20 }.ToLightGbmText()]);

    /// <summary>The shapes of XGBoost 2 and 3, which no trainer here writes.</summary>
    [Fact]
    public void SyntheticXgboost_AnyBytes() => Fuzz("shapes", [.. new[] { 1, 2, 3 }
        .Select(v => new SyntheticModel { Trees = 3, Depth = 3, Features = 4, Thresholds = 20, XgboostVersion = v, Dart = v == 2, Classes = v == 3 ? 3 : 0, Objective = v == 3 ? "multi:softprob" : "binary:logistic" })
        .SelectMany(m => new[] { m.ToXgboostJson(), m.ToXgboostUbjson() })]);

    [RequiresXgboostFact]
    public void XgboostJson_AnyBytes() => Fuzz("json", Trained(c => c.Json));

    [RequiresXgboostFact]
    public void XgboostUbjson_AnyBytes() => Fuzz("ubj", Trained(c => c.Ubjson));

    const string LightGbmText = "tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=2\nobjective=binary sigmoid:1\nfeature_names=a b c\ntree_sizes=100 100\n\n"
        + "Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=0 1\nsplit_gain=1 2\nthreshold=0 0.5\ndecision_type=1 8\nleft_child=1 -1\nright_child=-3 -2\nleaf_value=0.1 0.2 0.3\n"
        + "leaf_count=1 2 3\ninternal_count=6 3\ncat_boundaries=0 2\ncat_threshold=7 65536\nshrinkage=1\n\n\nTree=1\nnum_leaves=1\nnum_cat=0\nleaf_value=0.5\nshrinkage=1\n\n\nend of trees\n";

    static List<byte[]> Seeds(Func<Forest, byte[]> write, Func<ForestModel, bool> fits) =>
        [.. Enumerable.Range(0, 30).Select(s => new RandomForest(s).Model).Where(fits).OrderBy(m => m.LeafCount).Take(4).Select(m => write(new Forest(m, new ForestOptions { Kernel = ForestKernel.Plain })))];

    static List<byte[]> Trained(Func<TrainedCase, string> path) =>
        [.. new[] { "stumps", "dart", "linear", "softprob-categories" }.Select(n => File.ReadAllBytes(path(XgboostTraining.Cases[n])))];

    static byte[] Seal(byte[] bytes)
    {
        if (bytes.Length > 40)
        {
            SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32)).CopyTo(bytes, bytes.Length - 32);
        }

        return bytes;
    }

    void Fuzz(string format, List<byte[]> seeds, Func<byte[], byte[]>? seal = null)
    {
        seeds.ShouldNotBeEmpty();
        var (time, start, soak) = (TimeProvider.System, TimeProvider.System.GetTimestamp(), Lasting);
        var firstSeed = soak > TimeSpan.Zero ? Random.Shared.Next() : 17;
        var random = new Random(firstSeed);
        var (read, refused, most) = (0L, 0L, 0.0);
        do
        {
            foreach (var seed in seeds)
            {
                for (var round = 0; round < Rounds; round++)
                {
                    var bytes = Mutate(seed, random);
                    bytes = seal?.Invoke(bytes) ?? bytes;
                    most = Math.Max(most, Execute(bytes, $"{format} round {round}", ref read, ref refused));
                }
            }
        }
        while (time.GetElapsedTime(start) < soak);

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{format}: {read + refused} executions in {time.GetElapsedTime(start).TotalSeconds:F0} s, {read} read, {refused} refused, at most {most:F1} bytes of memory per byte of the file beyond 1 MiB"));
        refused.ShouldBeGreaterThan(0);
    }

    /// <summary>A finding is kept as a file, so that it can be run again.</summary>
    static double Execute(byte[] bytes, string subject, ref long read, ref long refused)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Forest? forest = null;
        try
        {
            forest = Forest.Load(bytes, "fuzzed", new ForestOptions { Kernel = ForestKernel.Plain });
            read++;
        }
        catch (ModelFormatException)
        {
            refused++;
        }
        catch (Exception e)
        {
            throw Finding(bytes, $"{subject}: {e}");
        }

        // What reading allocates in all, garbage included.
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > AllowedBytes + AllowedPerByte * bytes.Length)
        {
            throw Finding(bytes, $"{subject}: {allocated} bytes of memory for a file of {bytes.Length}");
        }

        try
        {
            forest?.PredictMargin(new float[forest.FeatureCount], 1, new float[forest.Model.MarginCount]);
        }
        catch (Exception e)
        {
            throw Finding(bytes, $"{subject}: read, but predicting gives {e}");
        }

        return Math.Max(0, allocated - (1 << 20)) / (double)bytes.Length;
    }

    const long AllowedBytes = 16 << 20;
    const long AllowedPerByte = 400;

    static ShouldAssertException Finding(byte[] bytes, string message)
    {
        var file = Path.Combine(Path.GetTempPath(), $"fettle-finding-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}");
        File.WriteAllBytes(file, bytes);
        return new ShouldAssertException($"{message} ({file})");
    }

    static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = (byte[])seed.Clone();
        for (var n = random.Next(1, 6); n > 0; n--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(7))
            {
                case 0:
                    bytes = bytes[..Math.Max(1, at)];
                    break;
                case 1:
                    var length = Math.Min(random.Next(1, 40), bytes.Length - at);
                    bytes = [.. bytes[..at], .. bytes[(at + length)..], 0];
                    break;
                case 2:
                    length = Math.Min(random.Next(1, 40), bytes.Length - at);
                    bytes = [.. bytes[..at], .. bytes.AsSpan(at, length), .. bytes[at..]];
                    break;
                case 3:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 4:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 5:
                    bytes[at] = "0123456789-.,:[]{}\"eNI"u8[random.Next(22)];
                    break;
                default:
                    bytes.AsSpan(at, Math.Min(4, bytes.Length - at)).Fill((byte)(random.Next(2) == 0 ? 0xFF : 0x7F));
                    break;
            }
        }

        return bytes;
    }
}
