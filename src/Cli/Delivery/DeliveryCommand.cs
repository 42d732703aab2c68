using System.CommandLine;
using System.Globalization;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Delivery;

/// <summary><c>fettle delivery lint|probe URL</c> and <c>cdn|publish|purge</c> (docs/delivery.md).</summary>
internal static class DeliveryCommand
{
    public static Command Create()
    {
        var command = new Command("delivery", "Check how answers cache, write an edge's configuration, publish and purge");
        command.Subcommands.Add(Lint());
        command.Subcommands.Add(Probe());
        command.Subcommands.Add(Cdn.CdnCommands.Cdn());
        command.Subcommands.Add(Cdn.CdnCommands.Publish());
        command.Subcommands.Add(Cdn.CdnCommands.Purge());
        return command;
    }

    static Command Lint()
    {
        var url = new Argument<string>("url") { Description = "A page or any other address; what a page refers to on its origin is checked too" };
        var command = new Command("lint", "Explain what keeps answers from being cached, or makes caching them wrong; 1 when something is wrong") { url };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = true, UseCookies = false });
            var findings = await AskAsync(parse.GetValue(url)!, target => new CacheLint(client).RunAsync(target, cancellation));
            foreach (var finding in findings)
            {
                Console.Out.WriteLine($"{(finding.Wrong ? "wrong " : "advice")} {finding.Rule,-24} {finding.Url}");
                Console.Out.WriteLine($"       {finding.Explanation}");
            }

            var wrong = findings.Count(f => f.Wrong);
            Console.Out.WriteLine($"{wrong} wrong, {findings.Count - wrong} advice");
            return wrong > 0 ? ExitCode.Error : ExitCode.Ok;
        });
        return command;
    }

    static Command Probe()
    {
        var url = new Argument<string>("url") { Description = "The address" };
        var times = new Option<int>("--times") { Description = "Requests, each on a new connection, 1–100", DefaultValueFactory = _ => 3 };
        var command = new Command("probe", "Time DNS, connect, TLS, first byte and the whole answer; show whether a cache answered") { url, times };
        command.SetAction(async (parse, cancellation) =>
        {
            var count = parse.GetValue(times);
            if (count is < 1 or > 100)
            {
                throw new UserErrorException($"--times is {count}; allowed: 1–100", ExitCode.Usage);
            }

            Console.Out.WriteLine("status   dns ms  connect      tls first byte    total    bytes  cache");
            for (var i = 0; i < count; i++)
            {
                var result = await AskAsync(parse.GetValue(url)!, target => EdgeProbe.RunAsync(target, cancellation));
                var tls = result.TlsMs?.ToString("0.0", CultureInfo.InvariantCulture) ?? "-";
                Console.Out.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Status,6} {result.DnsMs,8:0.0} {result.ConnectMs,8:0.0} {tls,8} {result.FirstByteMs,10:0.0} {result.TotalMs,8:0.0} {result.Bytes,8}  {result.Edge}"));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    static async Task<T> AskAsync<T>(string url, Func<Uri, Task<T>> ask)
    {
        var target = HttpAddress.Parse(url, "url");
        try
        {
            return await ask(target);
        }
        catch (HttpRequestException e)
        {
            throw new UserErrorException($"no answer from {target.GetLeftPart(UriPartial.Authority)}: {e.Message}; is the service running?");
        }
    }
}
