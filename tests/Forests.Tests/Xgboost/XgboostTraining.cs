using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Fettle.Forests.Tests.Xgboost;

/// <summary>Trains the models of train.py once per test run with the python3 that has xgboost.</summary>
internal static class XgboostTraining
{
    static readonly Lazy<string?> Interpreter = new(() => Fettle.Testing.Python.With("xgboost"));
    static readonly Lazy<Dictionary<string, TrainedCase>> Trained = new(Train);

    public static string? Missing => Interpreter.Value is null ? "a python3 with the module xgboost (Debian: python3-xgboost)" : null;

    public static IReadOnlyDictionary<string, TrainedCase> Cases => Trained.Value;

    static Dictionary<string, TrainedCase> Train()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-xgboost-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        Fettle.Testing.Python.Run(Interpreter.Value!, Path.Combine(AppContext.BaseDirectory, "Xgboost", "train.py"), folder);
        return File.ReadLines(Path.Combine(folder, "cases.txt")).Select(l => new TrainedCase(folder, l.Split(' '))).ToDictionary(c => c.Name);
    }
}

/// <summary>One trained model and what XGBoost itself predicts for its rows.</summary>
internal sealed class TrainedCase(string folder, string[] words)
{
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

/// <summary>Skips when no python3 has xgboost.</summary>
internal sealed class RequiresXgboostFactAttribute() : Fettle.Testing.RequiresFactAttribute(XgboostTraining.Missing);
