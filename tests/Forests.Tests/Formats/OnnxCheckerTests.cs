using Fettle.Testing;

namespace Fettle.Forests.Tests.Formats;

/// <summary>Written files pass the checker of python3-onnx.</summary>
public sealed class OnnxCheckerTests
{
    [RequiresOnnxFact]
    public void EveryWrittenModel_PassesTheChecker()
    {
        var folder = Directory.CreateTempSubdirectory("fettle-onnx-").FullName;
        try
        {
            var files = new List<string>();
            for (var seed = 0; seed < 40; seed++)
            {
                try
                {
                    var bytes = new Forest(new RandomForest(seed, zeroAsMissing: false).Model, new ForestOptions { Kernel = ForestKernel.Plain }).ToOnnx();
                    files.Add(Path.Combine(folder, $"{seed}.onnx"));
                    File.WriteAllBytes(files[^1], bytes);
                }
                catch (NotSupportedException)
                {
                    // Categories and partial averages have no ONNX form.
                }
            }

            files.Count.ShouldBeGreaterThan(10);
            Python.Run(RequiresOnnxFactAttribute.Interpreter!, Path.Combine(AppContext.BaseDirectory, "Formats", "check_onnx.py"), [.. files]).Trim().ShouldBe($"{files.Count}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>Skips when no python3 has onnx.</summary>
internal sealed class RequiresOnnxFactAttribute() : RequiresFactAttribute(Interpreter is null ? "a python3 with the module onnx (Debian: python3-onnx)" : null)
{
    public static string? Interpreter { get; } = Python.With("onnx");
}
