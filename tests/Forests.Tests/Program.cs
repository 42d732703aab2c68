using Fettle.Forests.Kernels;
using Fettle.Forests.Tests.Kernels;

namespace Fettle.Forests.Tests;

/// <summary>
/// What <see cref="InstructionSetTests"/> starts as a process of its own, because the instruction set is chosen once per process:
/// every kernel of the level that runs, and whole forests, against the oracle.
/// </summary>
internal static class Program
{
    const int Rows = 300;

    public static int Main(string[] arguments)
    {
        if (arguments is not [var text] || !int.TryParse(text, out var models))
        {
            Console.Error.WriteLine("usage: Fettle.Forests.Tests MODELS");
            return 2;
        }

        try
        {
            var level = $"{Simd.Level}";
            var (rows, lanes, blocks, walks) = (0, 0, 0, 0);
            for (var seed = 5000; seed < 5000 + models; seed++)
            {
                var random = new RandomForest(seed, depth: seed % 3 == 0 ? 6 : null);
                var values = random.Rows(Rows);
                var forest = new Forest(random.Model, new ForestOptions());
                KernelEqualityTests.Check(random.Model, forest.Compiled, values, Rows, $"seed {seed} {level}");
                CompareForests(random.Model, forest, values, $"seed {seed} {level}");
                rows += forest.Compiled.Row is null ? 0 : 1;
                lanes += forest.Compiled.Lanes is null ? 0 : 1;
                blocks += forest.Compiled.Block is null ? 0 : 1;
                walks += forest.Compiled.Walk is null ? 0 : 1;
            }

            Console.WriteLine($"{level.ToLowerInvariant()}: {models} models, {rows} all splits at once, {lanes} 32 trees at once, {blocks} blocks, {walks} walk");
            return 0;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"{e.GetBaseException().Message}");
            return 1;
        }
    }

    static void CompareForests(ForestModel model, Forest forest, float[] rows, string subject)
    {
        var plain = new Forest(model, new ForestOptions { Kernel = ForestKernel.Plain });
        foreach (var count in new[] { 1, 40, Rows })
        {
            var (mine, expected) = (new float[count * forest.OutputCount], new float[count * forest.OutputCount]);
            forest.Predict(rows, count, mine);
            plain.Predict(rows, count, expected);
            SameBits.ShouldHold(mine, expected, $"{subject}, {count} rows");
        }
    }
}
