using System.Data.Common;
using System.Globalization;
using System.Text;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.Redis;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary>Runs a scenario with something around it.</summary>
internal delegate Task<ScenarioRun> Carry(ScenarioFile file, ScenarioRunOptions options, IProgress<LoadProgress> live, CancellationToken cancellation);

/// <summary>Carries out a load run and writes its reports.</summary>
internal static class LoadRun
{
    /// <summary>Carries out a run; <paramref name="carry"/> puts something around it, such as instances behind a balancer.</summary>
    public static async Task<int> RunAsync(string target, LoadSettings settings, IReadOnlyList<string> command, CancellationToken cancellation, Carry? carry = null)
    {
        try
        {
            var (file, options) = Prepare(target, settings);
            if (settings.Short)
            {
                file = file.Shortened();
            }

            if (settings.Baseline is { } saved)
            {
                options.Baseline = LoadReport.Load(saved).Figure;
            }

            await using var probes = await LoadProbes.OpenAsync(settings.Postgres, settings.Redis, cancellation);
            options.Probes = probes.All;
            var live = new LiveView(file, settings.NoColor || Console.IsErrorRedirected);
            var run = carry is null ? await new ScenarioRunner().RunAsync(file, options, live, cancellation) : await carry(file, options, live, cancellation);
            live.Close();
            var report = LoadReport.Of(run, command);
            Console.Out.Write(report.ToText(colour: !settings.NoColor && !Console.IsOutputRedirected));
            if (settings.Requests is not null)
            {
                var l = run.Overall.Latency;
                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"min {l.Min.TotalMilliseconds:0.###}  mean {l.Mean.TotalMilliseconds:0.###}  median {l.MillisecondsAt(50):0.###}  max {l.Max.TotalMilliseconds:0.###} ms"));
            }

            ReportFiles.Write(report, settings.Outputs);
            return run.ExitCode;
        }
        catch (Exception e) when (e is ScenarioException or InvalidOperationException or IOException or InvalidDataException or ArgumentException or RedisException or DbException)
        {
            throw new UserErrorException(e.Message, e is ScenarioException or ArgumentException ? ExitCode.Usage : ExitCode.Error);
        }
    }

    /// <summary>The scenario of a file, or the one that a URL and the options make.</summary>
    public static (ScenarioFile File, ScenarioRunOptions Options) Prepare(string target, LoadSettings settings) =>
        target.StartsWith("http://", StringComparison.Ordinal) || target.StartsWith("https://", StringComparison.Ordinal)
            ? OneLiner(HttpAddress.Parse(target, "the target"), settings)
            : (File.Exists(target) ? ScenarioReader.Load(target) : throw new UserErrorException($"there is no file '{target}'; give a scenario file or a URL beginning with http://"), settings.Run);

    public static TimeSpan? Time(string? text, string option) => text is null ? null
        : DurationText.TryParse(text, out var time) ? time : throw new UserErrorException($"{option} is '{text}'; a duration such as 500ms, 30s, 5m is expected", ExitCode.Usage);

    /// <summary>A one-liner is a scenario file of one request, so that both take the same way.</summary>
    static (ScenarioFile File, ScenarioRunOptions Options) OneLiner(Uri url, LoadSettings settings)
    {
        if (settings.Rate is not null && settings.Users is not null)
        {
            throw new UserErrorException("--rate (open model) and --users or --concurrency (closed model) exclude each other", ExitCode.Usage);
        }

        var yaml = new StringBuilder("name: load\nscenarios:\n  main:\n");
        if (settings.Users is { } users || settings.Requests is not null && settings.Rate is null)
        {
            yaml.AppendLine(CultureInfo.InvariantCulture, $"    users: {settings.Users ?? 1}");
            Line(yaml, "think", settings.Think);
            Line(yaml, "requests-limit", settings.Requests?.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            yaml.AppendLine(CultureInfo.InvariantCulture, $"    rate: {settings.Rate ?? 100}");
            Line(yaml, "arrivals", settings.Poisson ? "poisson" : null);
        }

        Line(yaml, "duration", settings.Duration ?? (settings.Requests is null ? "10s" : "1h"));
        Line(yaml, "warmup", settings.WarmUp);
        Line(yaml, "timeout", settings.Timeout);
        Line(yaml, "connections", settings.Connections.ToString(CultureInfo.InvariantCulture));
        yaml.AppendLine("    requests:").AppendLine($"      - path: {Quote(YamlText.Literal(url.PathAndQuery))}");
        var method = settings.Method ?? (settings.Body is null ? "GET" : "POST");
        yaml.AppendLine($"        method: {Quote(method)}").AppendLine($"        name: {Quote($"{method} {url.AbsolutePath}")}");
        if (settings.Body is { } body)
        {
            yaml.AppendLine($"        body: {Quote(YamlText.Literal(body.StartsWith('@') ? File.ReadAllText(body[1..]) : body))}");
        }

        if (settings.Headers.Length > 0)
        {
            yaml.AppendLine("        headers:");
            foreach (var header in settings.Headers)
            {
                var parts = header.Split(':', 2);
                yaml.AppendLine(parts.Length == 2 ? $"          {Quote(parts[0].Trim())}: {Quote(YamlText.Literal(parts[1].Trim()))}" : throw new UserErrorException($"--header is '{header}'; write 'Name: value'", ExitCode.Usage));
            }
        }

        if (settings.Thresholds.Length > 0)
        {
            yaml.AppendLine("thresholds:");
            foreach (var group in settings.Thresholds.Select(Split).GroupBy(t => t.Subject))
            {
                yaml.AppendLine($"  {Quote(group.Key)}: [{string.Join(", ", group.Select(t => Quote(t.Expression)))}]");
            }
        }

        var options = settings.Run;
        options.Target = new Uri(url.GetLeftPart(UriPartial.Authority));
        return (ScenarioReader.Parse(yaml.ToString(), "command line"), options);
    }

    static (string Subject, string Expression) Split(string threshold)
    {
        var colon = threshold.LastIndexOf(':');
        return colon > 0 ? (threshold[..colon].Trim(), threshold[(colon + 1)..].Trim())
            : throw new UserErrorException($"--threshold is '{threshold}'; write 'http_req_duration: p(95)<50'", ExitCode.Usage);
    }

    static void Line(StringBuilder yaml, string key, string? value)
    {
        if (value is not null)
        {
            yaml.AppendLine($"    {key}: {Quote(value)}");
        }
    }

    static string Quote(string text) => YamlText.Quote(text);
}
