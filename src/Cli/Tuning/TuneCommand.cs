using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning;
using Fettle.Tuning.Config;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle tune</c>: the whole loop.</summary>
internal static class TuneCommand
{
    public static Command Create()
    {
        var settings = new TuneSettings();
        var dryRun = new Option<bool>("--dry-run") { Description = "Try and report; leave the user's database and switches file as they are." };
        var only = new Option<string[]>("--only") { Description = "Only actions whose id contains one of these words.", AllowMultipleArgumentsPerToken = true };
        var allow = new Option<string[]>("--allow") { Description = "Ids of high-risk actions that may be tried.", AllowMultipleArgumentsPerToken = true };
        var risk = new Option<string>("--risk") { Description = "Highest risk tried without being named: low or medium.", DefaultValueFactory = _ => "medium" };
        risk.AcceptOnlyFromAmong("low", "medium");
        var trust = new Option<string?>("--trust") { Description = "How far to go: observe, advise, apply (after a yes) or auto; default the file's, auto for a reference service." };
        trust.AcceptOnlyFromAmong("observe", "advise", "apply", "auto");
        var yes = new Option<bool>("--yes") { Description = "Answer every question with yes, but those about a high risk." };
        var switches = new Option<string?>("--switches") { Description = "Where kept switches are written; 'serve --switches FILE' reads it." };
        var command = new Command("tune", "Measure, apply one optimisation after another, verify, keep or roll back.");
        settings.AddTo(command);
        foreach (var option in new Option[] { dryRun, only, allow, risk, trust, yes, switches })
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parse, cancellation) =>
        {
            var options = settings.Options(parse, TuningMode.Tune) with
            {
                DryRun = parse.GetValue(dryRun),
                Only = parse.GetValue(only) ?? [],
                Allow = parse.GetValue(allow) ?? [],
                HighestRisk = parse.GetValue(risk)!,
                SwitchesFile = parse.GetValue(switches),
                Ask = Questions.Ask(parse.GetValue(yes)),
            };
            var given = new Given(parse.GetValue(trust) is { } word ? Enum.Parse<Trust>(word, ignoreCase: true) : null, parse.GetResult(risk) is { Implicit: false });
            var outcome = await Runs.RunAsync(settings, parse, options, cancellation, given);
            return outcome.End switch
            {
                TuningEnd.Improved => ExitCode.Ok,
                TuningEnd.NoneKept => ExitCode.NoneKept,
                _ => ExitCode.Undecided,
            };
        });
        return command;
    }
}

/// <summary><c>fettle measure</c>: the baseline only.</summary>
internal static class MeasureCommand
{
    public static Command Create() => Runs.Reading("measure", "Measure the baseline of a service; nothing is changed.", TuningMode.Measure);
}

/// <summary><c>fettle advise</c>: proposals without applying any.</summary>
internal static class AdviseCommand
{
    public static Command Create() => Runs.Reading("advise", "Measure and list what could be optimised; nothing is applied.", TuningMode.Advise);
}
