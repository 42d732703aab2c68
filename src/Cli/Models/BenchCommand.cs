using System.CommandLine;
using Fettle.Forests;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Models;

/// <summary><c>fettle model bench [FILE]</c>: a model in its trainer, ONNX Runtime and Fettle on the same rows in one run.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var file = new Argument<string?>("file") { Description = "The model; without it, a seeded XGBoost model of 500 trees of depth 6 on 25 features", Arity = ArgumentArity.ZeroOrOne };
        var rounds = new Option<int>("--rounds") { Description = "Rounds in which all engines take turns (1–1000)", DefaultValueFactory = _ => 15 };
        var modules = new Option<string?>("--onnxruntime") { Description = "Folder whose node_modules holds onnxruntime-node; without it, this folder and artifacts/onnxruntime are tried" };
        var device = new Option<ForestDevice>("--device") { Description = "auto, cpu or gpu", DefaultValueFactory = _ => ForestDevice.Auto };
        device.AcceptOnlyFromAmong("auto", "cpu", "gpu");
        var json = new Option<string?>("--json") { Description = "Write the result document here" };
        var command = new Command("bench", "The model in its trainer, ONNX Runtime and Fettle on the same rows in one run") { file, rounds, modules, device, json };
        command.SetAction(parse =>
        {
            if (parse.GetValue(rounds) is not (>= 1 and <= 1000))
            {
                throw new UserErrorException($"--rounds is {parse.GetValue(rounds)}; allowed: 1 to 1000", ExitCode.Usage);
            }

            return WithModel(parse.GetValue(file), path =>
            {
                ModelCommand.Load(path, new ForestOptions { Device = parse.GetValue(device) });
                var result = ModelBenchmark.Run(path, parse.GetValue(rounds), Modules(parse.GetValue(modules)), Console.Error.WriteLine);
                return ModelOutput.Print([ModelBenchmark.Table(result), ModelBenchmark.Kernels(path, Math.Min(parse.GetValue(rounds), 5))], "bench", parse.GetValue(json));
            });
        });
        return command;
    }

    /// <exception cref="UserErrorException">The folder that was named has none.</exception>
    static string? Modules(string? folder) => folder is null
        ? new[] { ".", Path.Combine("artifacts", "onnxruntime") }.FirstOrDefault(RivalEngine.HasOnnxRuntime)
        : RivalEngine.HasOnnxRuntime(folder) ? folder
        : throw new UserErrorException($"--onnxruntime is '{folder}', which has no node_modules/onnxruntime-node; 'npm install onnxruntime-node --ignore-scripts --prefix {folder}' puts it there");

    static int WithModel(string? file, Func<string, int> run)
    {
        if (file is not null)
        {
            return run(file);
        }

        var folder = Directory.CreateTempSubdirectory("fettle-model-").FullName;
        try
        {
            var path = Path.Combine(folder, "synthetic.json");
            File.WriteAllBytes(path, new SyntheticModel().ToXgboostJson());
            Console.Error.WriteLine("no file given: a seeded model of 500 trees of depth 6 on 25 features");
            return run(path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
