using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Fettle.Forests.Tests.Xgboost;

/// <summary>Trains the models of train.py once per test run with the python3 that has xgboost; in the same run it predicts with models that are given to it.</summary>
internal static class XgboostTraining
{
    const int GivenRows = 200;

    /// <summary>Models of the seeded writer that XGBoost itself is to read.</summary>
    public static readonly SyntheticModel[] Given = [XgboostShapeTests.Model(1), XgboostShapeTests.Model(1, dart: true), XgboostShapeTests.Model(1, classes: 3)];

    static readonly Lazy<string?> Interpreter = new(() => Fettle.Testing.Python.With("xgboost"));
    static readonly Lazy<Dictionary<string, TrainedCase>> Trained = new(Train);

    public static string? Missing => Interpreter.Value is null ? "a python3 with the module xgboost (Debian: python3-xgboost)" : null;

    public static IReadOnlyDictionary<string, TrainedCase> Cases => Trained.Value;

    /// <summary>Files of <see cref="Given"/>, with what XGBoost predicts.</summary>
    public static IEnumerable<GivenCase> GivenCases => Enumerable.Range(0, Given.Length).Select(i => new GivenCase(Cases.Values.First().Folder, i));

    static Dictionary<string, TrainedCase> Train()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-xgboost-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        for (var i = 0; i < Given.Length; i++)
        {
            var given = new GivenCase(folder, i);
            File.WriteAllBytes(given.Json, Given[i].ToXgboostJson());
            File.WriteAllBytes(given.Rows, MemoryMarshal.AsBytes(ThresholdRows.Create(Forest.Load(given.Json).Model, GivenRows, seed: 4, missing: 0.1).AsSpan()));
        }

        Fettle.Testing.Python.Run(Interpreter.Value!, Path.Combine(AppContext.BaseDirectory, "Xgboost", "train.py"), folder);
        return File.ReadLines(Path.Combine(folder, "cases.txt")).Select(l => new TrainedCase(folder, l.Split(' '))).ToDictionary(c => c.Name);
    }
}

/// <summary>One trained model and what XGBoost itself predicts for its rows.</summary>
internal sealed class TrainedCase(string folder, string[] words)
{
    readonly Lazy<Forest> _forest = new(() => Forest.Load(Path.Combine(folder, words[0] + ".json")));

    public string Folder => folder;

    /// <summary>The model as <see cref="Json"/> has it, read once for all tests.</summary>
    public Forest Forest => _forest.Value;

    public string Name => words[0];

    public int Rows => Number(1);

    public int Features => Number(2);

    public int Outputs => Number(3);

    public int Margins => Number(4);

    public int Trees => Number(5);

    public string Json => Path.Combine(folder, Name + ".json");

    public string Ubjson => Path.Combine(folder, Name + ".ubj");

    public float[] Values(string kind) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, $"{Name}.{kind}"))).ToArray();

    public double[] Doubles(string kind) => MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(Path.Combine(folder, $"{Name}.{kind}"))).ToArray();

    public int[] Leaves() => MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(Path.Combine(folder, $"{Name}.leaves"))).ToArray();

    public bool Has(string kind) => File.Exists(Path.Combine(folder, $"{Name}.{kind}"));

    int Number(int index) => int.Parse(words[index], CultureInfo.InvariantCulture);
}

/// <summary>One model that XGBoost was given, its rows and XGBoost's predictions.</summary>
internal sealed record GivenCase(string Folder, int Number)
{
    public string Json => Path.Combine(Folder, $"given-{Number}.json");

    public string Rows => Path.Combine(Folder, $"given-{Number}.rows");

    public string Predictions => Path.Combine(Folder, $"given-{Number}.pred");
}

/// <summary>Skips when no python3 has xgboost.</summary>
internal sealed class RequiresXgboostFactAttribute() : Fettle.Testing.RequiresFactAttribute(XgboostTraining.Missing);
