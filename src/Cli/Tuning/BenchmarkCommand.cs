using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle benchmark</c>: a fixed quick look that changes nothing.</summary>
internal static class BenchmarkCommand
{
    public static Command Create()
    {
        var settings = new TuneSettings();
        var concurrency = new Option<int>("--concurrency") { Description = "Requests under way at once, 1–10,000.", DefaultValueFactory = _ => 100 };
        var seconds = new Option<double>("--seconds") { Description = "Counted seconds, 0.5–3600.", DefaultValueFactory = _ => 10 };
        var switches = new Option<string?>("--switches") { Description = "A switches file: what is on in the instance that is started; default all off." };
        var command = new Command("benchmark", "100 requests under way at once: throughput, percentiles, cache statistics; nothing is changed.");
        settings.AddTo(command);
        foreach (var option in new Option[] { concurrency, seconds, switches })
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                var shared = settings.Options(parse, TuningMode.Measure);
                var options = new BenchmarkOptions
                {
                    Concurrency = parse.GetValue(concurrency),
                    Duration = parse.GetValue(seconds) is >= 0.5 and <= 3600 and var counted
                        ? TimeSpan.FromSeconds(counted) : throw new UserErrorException($"--seconds is {parse.GetValue(seconds)}; allowed: 0.5 to 3600", ExitCode.Usage),
                    Seed = shared.Seed,
                    SwitchesFile = parse.GetValue(switches),
                    StateFolder = shared.StateFolder,
                    Command = shared.Command,
                };
                var target = await settings.TargetAsync(parse, cancellation);
                settings.Write(parse, await QuickBenchmark.RunAsync(target, options, cancellation: cancellation), "nothing was changed");
                return ExitCode.Ok;
            }
            catch (TuningException e)
            {
                throw new UserErrorException(e.Message);
            }
            catch (ArgumentOutOfRangeException e)
            {
                throw new UserErrorException(e.Message.Split('\n')[0], ExitCode.Usage);
            }
        });
        return command;
    }
}
