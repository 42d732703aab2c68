using System.Globalization;
using System.IO.Compression;
using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Targets;

/// <summary>
/// Where the time of the golden answers goes, as the service says it in <c>Server-Timing</c>, and how far their bodies could be compressed. What a switch
/// shortens is the most that it can gain: no phase gets faster than not at all.
/// </summary>
internal sealed class AnswerPhases
{
    /// <summary>Saves the whole time of an answer.</summary>
    public const string Total = "total";

    /// <summary>Saves bytes of answers, not time.</summary>
    public const string Bytes = "bytes";

    /// <summary>Shorter answers are not worth compressing.</summary>
    const int ShortestCompressed = 1024;

    /// <summary>A caller's trace with the sampled flag: the phases of such a request are told.</summary>
    const string Sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    readonly Dictionary<string, double> _milliseconds = new(StringComparer.Ordinal);
    long _plain;
    long _compressed;

    AnswerPhases()
    {
    }

    /// <summary>Asks the requests once; nothing is asked when no switch says what it saves.</summary>
    public static async Task<AnswerPhases> MeasureAsync(Uri url, IEnumerable<GoldenRequest> requests, IReadOnlyList<ServiceSwitch> switches, CancellationToken cancellation)
    {
        var phases = new AnswerPhases();
        if (!switches.Any(s => s.Saves.Count > 0))
        {
            return phases;
        }

        using var http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
        foreach (var request in requests.Where(r => r.AcceptEncoding is null))
        {
            using var message = AnswerRecorder.Message(request);
            message.Headers.TryAddWithoutValidation("traceparent", Sampled);
            try
            {
                using var response = await http.SendAsync(message, cancellation);
                phases.Add(await response.Content.ReadAsByteArrayAsync(cancellation));
                foreach (var line in response.Headers.TryGetValues("Server-Timing", out var timings) ? timings : [])
                {
                    phases.Add(line);
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                // A prediction is not worth ending the run for; the trials tell whether the service answers.
            }
        }

        return phases;
    }

    /// <summary>What the switch can gain at most, in words; empty when it does not say what it saves or the service does not say where time goes.</summary>
    public string Gain(ServiceSwitch definition)
    {
        if (definition.Saves.Contains(Bytes))
        {
            return _plain == 0 ? "none of the sampled answers has 1 KB" : string.Create(CultureInfo.InvariantCulture, $"{1 - (double)_compressed / _plain:0 %} of the bytes of answers of 1 KB and more");
        }

        if (definition.Saves.Count == 0 || _milliseconds.GetValueOrDefault(Total) is not (> 0 and var total))
        {
            return "";
        }

        var share = definition.Saves.Contains(Total) ? 1 : Math.Min(1, definition.Saves.Sum(p => _milliseconds.GetValueOrDefault(p)) / total);
        var where = definition.Saves.Contains(Total) ? "" : $" ({string.Join(", ", definition.Saves)})";
        return string.Create(CultureInfo.InvariantCulture, $"at most {share:0 %} of an answer's time{where}");
    }

    /// <summary>Adds <c>db;dur=1.5, total;dur=2</c>; what is no such duration is passed over.</summary>
    internal void Add(string timings)
    {
        foreach (var entry in timings.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split(';', StringSplitOptions.TrimEntries);
            var duration = parts.Skip(1).FirstOrDefault(p => p.StartsWith("dur=", StringComparison.OrdinalIgnoreCase));
            if (duration is not null && double.TryParse(duration.AsSpan(4), NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds) && double.IsFinite(milliseconds) && milliseconds > 0)
            {
                _milliseconds[parts[0]] = _milliseconds.GetValueOrDefault(parts[0]) + milliseconds;
            }
        }
    }

    void Add(byte[] body)
    {
        if (body.Length < ShortestCompressed)
        {
            return;
        }

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body);
        }

        _plain += body.Length;
        _compressed += compressed.Length;
    }

    /// <summary>Made of lines, for tests.</summary>
    internal static AnswerPhases Of(params string[] timings)
    {
        var phases = new AnswerPhases();
        foreach (var line in timings)
        {
            phases.Add(line);
        }

        return phases;
    }
}
