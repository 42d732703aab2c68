using System.CommandLine;
using System.Globalization;
using Fettle.Shared.Verbs;
using Fettle.Tuning;

namespace Fettle.Cli.Tuning;

/// <summary>Runs the loop in one of its modes and renders it.</summary>
internal static class Runs
{
    public static Command Reading(string name, string description, TuningMode mode)
    {
        var settings = new TuneSettings();
        var command = new Command(name, description);
        settings.AddTo(command);
        command.SetAction(async (parse, cancellation) =>
        {
            await RunAsync(settings, parse, settings.Options(parse, mode), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    public static async Task<TuningOutcome> RunAsync(TuneSettings settings, ParseResult parse, TuningOptions options, CancellationToken cancellation)
    {
        try
        {
            var target = await settings.TargetAsync(parse, cancellation);
            var budget = options.EffectiveBudget;
            if (options.Mode == TuningMode.Tune)
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"tuning {target.Name} on {target.Database}: about {(budget.TotalMinutes < 2 ? $"{budget.TotalSeconds:0} seconds" : $"{budget.TotalMinutes:0} minutes")}, Ctrl-C takes everything back"));
            }

            var outcome = await ProgressLine.ShowAsync(progress => Tuner.RunAsync(target, options, progress, cancellation: cancellation));
            var folder = Path.GetRelativePath(Environment.CurrentDirectory, outcome.Folder);
            File.WriteAllText(Path.Combine(outcome.Folder, "report.html"), Fettle.Tuning.Reports.TuningReport.Html(outcome.Json));
            settings.Write(parse, outcome.Json, $"report: {folder}/report.html, data: {folder}/result.json");
            return outcome;
        }
        catch (TuningException e)
        {
            throw new UserErrorException(e.Message);
        }
    }
}
