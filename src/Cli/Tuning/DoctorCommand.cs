using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle doctor</c>: is this machine fit to measure on.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var state = TuneSettings.StateOption();
        var config = new Option<FileInfo?>("--config") { Description = "Also check this fettle.yaml; default the one here, when there is one." };
        var command = new Command("doctor", "Look whether the machine is quiet enough to measure on and the tools are there: 0 fit, 4 too noisy, 1 something is missing.") { state, config };
        command.SetAction(async (parse, cancellation) =>
        {
            var checks = (await Doctor.ExamineAsync(parse.GetValue(state)!, cancellation: cancellation)).ToList();
            checks.Add(Host());
            var file = parse.GetValue(config)?.FullName ?? (File.Exists(TuneSettings.DefaultConfig) ? TuneSettings.DefaultConfig : null);
            if (file is not null)
            {
                checks.Add(Config(file));
            }

            foreach (var check in checks)
            {
                var word = check.State switch { CheckState.Ok => "ok", CheckState.Warning => "warning", _ => "FAILED" };
                Console.Out.WriteLine($"{word,-8} {check.Name,-13} {check.Found}");
                foreach (var line in check.Fix.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    Console.Out.WriteLine($"{"",-22} {line.Trim()}");
                }
            }

            var failed = checks.Where(c => c.State == CheckState.Failed).ToArray();
            return failed.Length == 0 ? ExitCode.Ok : failed.All(c => c.Name is "quiet" or "steadiness") ? ExitCode.Undecided : ExitCode.Error;
        });
        return command;
    }

    static MachineCheck Host()
    {
        try
        {
            return new MachineCheck("services", CheckState.Ok, Path.GetFileName(HostProgram.Find()));
        }
        catch (UserErrorException e)
        {
            return new MachineCheck("services", CheckState.Warning, "not found", e.Message);
        }
    }

    static MachineCheck Config(string file)
    {
        try
        {
            TuningTarget.FromFile(file, out var trust, out _, out _);
            return new MachineCheck("config", CheckState.Ok, $"{Path.GetFileName(file)}, trust {trust.ToString().ToLowerInvariant()}");
        }
        catch (TuningException e)
        {
            return new MachineCheck("config", CheckState.Failed, Path.GetFileName(file), e.Message);
        }
    }
}
