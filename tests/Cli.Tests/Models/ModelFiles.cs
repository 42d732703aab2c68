using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.Cli.Tests.Loads;
using Fettle.Forests;

namespace Fettle.Cli.Tests.Models;

/// <summary>Model and row files of one test, gone after it.</summary>
sealed class ModelFiles : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public ModelFiles(SyntheticModel? model = null)
    {
        Synthetic = model ?? new SyntheticModel { Trees = 40, Depth = 4, Features = 6, Thresholds = 60 };
        Path = _folder.File("model.json");
        File.WriteAllBytes(Path, Synthetic.ToXgboostJson());
        Forest = Forest.Load(Path);
    }

    public SyntheticModel Synthetic { get; }

    public string Path { get; }

    public Forest Forest { get; }

    public string At(string name, string? content = null) => _folder.File(name, content);

    /// <summary>Seeded rows and what the model predicts for them, as CSV.</summary>
    public (string Rows, string Predictions, float[] Values, float[] Answers) Csv(int count, bool margin = false)
    {
        var values = ThresholdRows.Create(Forest.Model, count, seed: 3);
        var answers = new float[count * Forest.OutputCount];
        if (margin)
        {
            Forest.PredictMargin(values, count, answers);
        }
        else
        {
            Forest.Predict(values, count, answers);
        }

        return (At("rows.csv", "a,b,c,d,e,f\n" + Lines(values, Forest.FeatureCount)), At("predictions.csv", Lines(answers, Forest.OutputCount)), values, answers);
    }

    public static string Lines(float[] values, int width) => string.Join('\n', values.Chunk(width).Select(r => string.Join(',', r.Select(v => float.IsNaN(v) ? "" : v.ToString("R", CultureInfo.InvariantCulture))))) + "\n";

    /// <summary>The first table of a saved result document, as text by its first column.</summary>
    public static Dictionary<string, string[]> Table(string path) => JsonNode.Parse(File.ReadAllText(path))!["tables"]![0]!["rows"]!.AsArray()
        .Select(r => r!.AsArray().Select(c => c!.GetValue<string>()).ToArray()).ToDictionary(r => r[0], r => r[1..]);

    public void Dispose() => _folder.Dispose();
}
