using System.Globalization;
using System.Text.RegularExpressions;

namespace Fettle.Bench.Rivals;

/// <summary>wrk on the other core: 64 connections that post one body and wait for its answer.</summary>
internal static class WebLoad
{
    const int Connections = 64;
    const int Core = 1;

    /// <summary>A few requests at a time, which leaves the compiler room.</summary>
    public static async Task WarmAsync(Uri url, string script, double seconds) =>
        await TimedProgram.RunAsync(string.Create(CultureInfo.InvariantCulture, $"wrk -t1 -c1 -d{seconds:0}s -s {script} {url}"));

    /// <returns>Requests per second and requests in all.</returns>
    public static async Task<(double PerSecond, double Requests)> PostAsync(Uri url, string script, double seconds)
    {
        var (output, _) = await TimedProgram.RunAsync(string.Create(CultureInfo.InvariantCulture, $"taskset -c {Core} wrk -t1 -c{Connections} -d{seconds:0}s -s {script} {url}"));
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{url} did not answer every request: {output}");
        }

        return (Number(output, @"Requests/sec:\s*([\d.]+)"), Number(output, @"(\d+) requests in"));
    }

    public static string Script(string folder, string body)
    {
        var path = Path.Combine(folder, "post.lua");
        File.WriteAllText(path, $"wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['Content-Type'] = 'application/json'\n");
        return path;
    }

    static double Number(string text, string pattern) => double.Parse(Regex.Match(text, pattern).Groups[1].Value, CultureInfo.InvariantCulture);
}
