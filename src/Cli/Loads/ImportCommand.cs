using System.CommandLine;
using Fettle.LoadTesting.Importing;
using Fettle.LoadTesting.Scenarios;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary><c>fettle load import FILE --out scenario.yaml</c>: makes a scenario of an HTTP archive, an OpenAPI description or an access log.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("file") { Description = "HTTP archive (.har), OpenAPI description (.json, .yaml) or access log" };
        var kind = new Option<string?>("--as") { Description = "har, openapi or log; by the file's name if not given" };
        kind.AcceptOnlyFromAmong("har", "openapi", "log");
        var to = new Option<string>("--out", "-o") { Description = "The scenario file to write", Required = true };
        var all = new Option<bool>("--all-methods") { Description = "OpenAPI: also operations that change something" };
        var command = new Command("import", "Make a scenario of an HTTP archive, an OpenAPI description or an access log") { source, kind, to, all };
        command.SetAction(parse =>
        {
            try
            {
                var (from, path) = (parse.GetValue(source)!, Path.GetFullPath(parse.GetValue(to)!));
                var text = File.ReadAllText(from);
                var name = Path.GetFileNameWithoutExtension(path);
                var imported = (parse.GetValue(kind) ?? KindOf(from)) switch
                {
                    "har" => ScenarioImporter.FromHar(text, name),
                    "openapi" => ScenarioImporter.FromOpenApi(text, name, parse.GetValue(all)),
                    _ => ScenarioImporter.FromAccessLog(text, name),
                };
                var folder = Path.GetDirectoryName(path)!;
                Directory.CreateDirectory(folder);
                foreach (var (file, content) in imported.Files.Append(KeyValuePair.Create(Path.GetFileName(path), imported.Yaml)))
                {
                    File.WriteAllText(Path.Combine(folder, file), content);
                    Console.Error.WriteLine($"written: {Path.Combine(folder, file)}");
                }

                foreach (var note in imported.Notes)
                {
                    Console.Error.WriteLine($"note: {note}");
                }

                // What was written is read again at once: a file that does not load is no import.
                var scenario = ScenarioReader.Load(path);
                Console.Out.WriteLine($"{scenario.Scenarios.Count} scenario{(scenario.Scenarios.Count == 1 ? "" : "s")} in {parse.GetValue(to)}{(scenario.Target is null ? "; it has no target, give one with --target" : "")}");
                return ExitCode.Ok;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ScenarioException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }

    static string KindOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".har" => "har",
        ".json" or ".yaml" or ".yml" => "openapi",
        _ => "log",
    };
}
