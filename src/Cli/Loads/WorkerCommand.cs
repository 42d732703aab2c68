using System.CommandLine;
using Fettle.LoadTesting.Distributed;
using Fettle.LoadTesting.Scenarios;
using Fettle.Redis;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary><c>fettle load worker redis://HOST</c>: one generator process of distributed runs.</summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var redis = new Argument<string>("redis") { Description = "The Redis server that the generators share, redis://HOST:PORT" };
        var name = new Option<string?>("--name") { Description = "Name in reports; default host and process" };
        var threads = new Option<int>("--threads") { Description = "Event loops", DefaultValueFactory = _ => 1 };
        var allow = new Option<string[]>("--allow-host") { Description = "A host beside loopback that this worker may load; may be repeated" };
        var maxRate = new Option<double>("--max-rate") { Description = "Highest rate a scenario may ask for", DefaultValueFactory = _ => 50_000 };
        var once = new Option<bool>("--once") { Description = "End after one run" };
        var command = new Command("worker", "Carry out shares of distributed runs until interrupted") { redis, name, threads, allow, maxRate, once };
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                var options = new LoadWorkerOptions { Threads = parse.GetValue(threads), AllowedHosts = parse.GetValue(allow) ?? [], Once = parse.GetValue(once), Limits = new ScenarioRunOptions { MaxRate = parse.GetValue(maxRate) } };
                options.Name = parse.GetValue(name) ?? options.Name;
                await new LoadWorker(RedisOptions.Parse(parse.GetValue(redis)!), options).RunAsync(Console.Error.WriteLine, cancellation);
                return cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Ok;
            }
            catch (ArgumentException e)
            {
                throw new UserErrorException(e.Message, ExitCode.Usage);
            }
            catch (Exception e) when (e is IOException or RedisException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }
}
