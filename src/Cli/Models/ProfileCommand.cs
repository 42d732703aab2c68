using System.CommandLine;
using System.Globalization;
using System.Text;
using Fettle.Shared.Results;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Models;

/// <summary><c>fettle model profile URL</c>: where a running service spends a prediction's time, from its Server-Timing headers.</summary>
internal static class ProfileCommand
{
    public static Command Create()
    {
        var url = new Argument<string>("url") { Description = "Endpoint of the running service, such as http://localhost:5000/api/v1/predict" };
        var body = new Option<string?>("--body") { Description = "JSON body to POST, or @FILE; without it the endpoint is read with GET" };
        var requests = new Option<int>("--requests") { Description = "Requests to send, one after another (1–100000)", DefaultValueFactory = _ => 200 };
        var json = new Option<string?>("--json") { Description = "Write the result document here" };
        var command = new Command("profile", "Time in features, inference and serialisation of a running service, and its three largest costs") { url, body, requests, json };
        command.SetAction(async (parse, cancel) =>
        {
            var count = parse.GetValue(requests) is >= 1 and <= 100_000 and var n ? n : throw new UserErrorException($"--requests is {parse.GetValue(requests)}; allowed: 1 to 100000", ExitCode.Usage);
            var text = parse.GetValue(body);
            if (text is ['@', .. var file])
            {
                text = File.Exists(file) ? await File.ReadAllTextAsync(file, cancel) : throw new UserErrorException($"no file '{file}'");
            }

            var (sums, total) = await MeasureAsync(HttpAddress.Parse(parse.GetValue(url)!, "url"), text, count, cancel);
            return ModelOutput.Print(Table(sums, total, count), "profile", parse.GetValue(json));
        });
        return command;
    }

    static async Task<(Dictionary<string, double> Sums, double Total)> MeasureAsync(Uri url, string? body, int count, CancellationToken cancel)
    {
        using var client = new HttpClient();
        var sums = new Dictionary<string, double>();
        double total = 0;
        // The first request, which opens the connection, is not counted.
        for (var i = -1; i < count; i++)
        {
            using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, url);
            // The sampled flag of W3C Trace Context: services that time only some requests time this one.
            request.Headers.Add("traceparent", $"00-{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16))}-{i + 2:x16}-01");
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            var start = TimeProvider.System.GetTimestamp();
            try
            {
                using var response = await client.SendAsync(request, cancel);
                await response.Content.ReadAsByteArrayAsync(cancel);
                if (!response.IsSuccessStatusCode)
                {
                    throw new UserErrorException($"{url} answered {(int)response.StatusCode}; a profile of errors says nothing");
                }

                if (i < 0)
                {
                    continue;
                }

                total += TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
                foreach (var (name, duration) in ServerTiming(response))
                {
                    sums[name] = sums.GetValueOrDefault(name) + duration;
                }
            }
            catch (HttpRequestException e)
            {
                throw new UserErrorException($"{url}: {e.Message}");
            }
        }

        return sums.Keys.Any(k => k != "total") ? (sums, total) : throw new UserErrorException($"{url} names no phase in a Server-Timing header, so nothing says where its time goes; predictions of a Fettle service do");
    }

    /// <summary>W3C Server Timing: <c>name;dur=1.5;desc="…", …</c>.</summary>
    internal static IEnumerable<(string Name, double Milliseconds)> ServerTiming(HttpResponseMessage response)
    {
        foreach (var metric in response.Headers.TryGetValues("Server-Timing", out var values) ? values.SelectMany(v => v.Split(',')) : [])
        {
            var parts = metric.Split(';', StringSplitOptions.TrimEntries);
            var duration = parts.Skip(1).FirstOrDefault(p => p.StartsWith("dur=", StringComparison.OrdinalIgnoreCase));
            if (duration is not null && double.TryParse(duration.AsSpan(4), CultureInfo.InvariantCulture, out var milliseconds))
            {
                yield return (parts[0], milliseconds);
            }
        }
    }

    static ResultTable Table(Dictionary<string, double> sums, double total, int count)
    {
        var parts = sums.Where(s => s.Key != "total").Select(s => (s.Key, s.Value)).ToList();
        var named = parts.Sum(s => s.Value);
        if (sums.TryGetValue("total", out var inServer))
        {
            // What the service spent and gave no name to.
            parts.Add(("the rest of the service", Math.Max(0, inServer - named)));
        }

        parts = [.. parts.OrderByDescending(p => p.Value)];
        var rows = parts.Select(p => new[] { p.Key, Text(p.Value / count), Text(100 * p.Value / total) }).ToList();
        var outside = total - Math.Max(inServer, named);
        rows.Add([inServer > 0 ? "network" : "network and the rest", Text(outside / count), Text(100 * outside / total)]);
        return new ResultTable($"{count} requests, {Text(total / count)} ms each", ["part", "ms per request", "share %"], rows,
            $"largest costs: {string.Join(", ", parts.Take(3).Select(s => s.Key))}");
    }

    static string Text(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
}
