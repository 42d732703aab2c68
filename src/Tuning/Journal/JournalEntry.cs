using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.Tuning.Journal;

/// <summary>What a journal line records. Names are persisted: never rename or reuse one.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalEvent>))]
internal enum JournalEvent
{
    /// <summary>A run starts: target, schema before, switches file before, scratch folder.</summary>
    [JsonStringEnumMemberName("begin")]
    Begin = 1,

    /// <summary>A child process was started.</summary>
    [JsonStringEnumMemberName("process")]
    Process,

    /// <summary>An action is about to be applied. On disk before anything is done.</summary>
    [JsonStringEnumMemberName("intent")]
    Intent,

    /// <summary>The action is applied.</summary>
    [JsonStringEnumMemberName("applied")]
    Applied,

    /// <summary>The action's undo ran to its end.</summary>
    [JsonStringEnumMemberName("undone")]
    Undone,

    /// <summary>The verdict on an action.</summary>
    [JsonStringEnumMemberName("verdict")]
    Verdict,

    /// <summary>The run is over; what is still applied is meant to stay.</summary>
    [JsonStringEnumMemberName("end")]
    End,
}

/// <summary>One line of the journal, version 1.</summary>
internal sealed record JournalEntry
{
    public int Version { get; init; } = 1;

    public int Sequence { get; init; }

    public DateTimeOffset At { get; init; }

    public required JournalEvent Event { get; init; }

    /// <summary>The action the line is about.</summary>
    public string? Action { get; init; }

    /// <summary>Where it acts: <c>database:ADDRESS</c>, <c>switch:URL</c> or <c>file:PATH</c>.</summary>
    public string? Target { get; init; }

    /// <summary>True when the target lies in the run's scratch folder and vanishes with it.</summary>
    public bool Scratch { get; init; }

    public string[]? Do { get; init; }

    public string[]? Undo { get; init; }

    /// <summary>On <c>begin</c>: the schema dump of the target before the run, one object a line.</summary>
    public string[]? Schema { get; init; }

    /// <summary>On <c>begin</c>: the run's scratch folder. On <c>process</c>: unused.</summary>
    public string? Folder { get; init; }

    /// <summary>On <c>intent</c> of a file: its content before, or null when there was none.</summary>
    public string? Before { get; init; }

    /// <summary>In place of <see cref="Before"/> for a file that is no UTF-8 text without a mark: its bytes in base 64.</summary>
    public byte[]? BeforeBytes { get; init; }

    public int? Pid { get; init; }

    /// <summary>Start of the process in clock ticks since boot: with the pid it names one process for ever.</summary>
    public long? PidStart { get; init; }

    public string? Verdict { get; init; }

    public string? Reason { get; init; }

    /// <summary>The line: eight hexadecimal digits of the JSON's SHA-256, a space, the JSON.</summary>
    public string ToLine()
    {
        var json = JsonSerializer.Serialize(this, JournalJson.Default.JournalEntry);
        return $"{Check(json)} {json}";
    }

    /// <summary>Reads a line; null when it is torn or altered.</summary>
    public static JournalEntry? TryParse(string line)
    {
        if (line.Length < 10 || line[8] != ' ' || line[..8] != Check(line[9..]))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(line[9..], JournalJson.Default.JournalEntry);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static string Check(string json) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)).AsSpan(0, 4));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(JournalEntry))]
internal sealed partial class JournalJson : JsonSerializerContext;
