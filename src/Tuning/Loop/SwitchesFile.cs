using System.Text;
using System.Text.Json;
using Fettle.Tuning.Journal;

namespace Fettle.Tuning.Loop;

/// <summary>
/// The file of kept switches that <c>fettle serve NAME --switches FILE</c> reads: <c>fettle.switches/1</c> reduced to <c>name</c> and <c>on</c>.
/// Its content before is in the journal, so a rollback restores it byte for byte.
/// </summary>
internal static class SwitchesFile
{
    public const string Prefix = "file:";

    public static void Write(TuningJournal journal, string path, IEnumerable<string> on)
    {
        var lines = string.Join(",\n", on.Select(name => $"    {{ \"name\": {JsonSerializer.Serialize(name, StringJson.Default.String)}, \"on\": true }}"));
        var text = "{\n  \"schema\": \"fettle.switches/1\",\n  \"switches\": [\n" + lines + "\n  ]\n}\n";
        Write(journal, "switches-file", path, text);
    }

    /// <summary>The names that a switches file turns on.</summary>
    /// <exception cref="TuningException">The file is missing or is no <c>fettle.switches/1</c>.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var schema = document.RootElement.GetProperty("schema").GetString();
            return schema == "fettle.switches/1"
                ? [.. document.RootElement.GetProperty("switches").EnumerateArray().Where(s => s.GetProperty("on").GetBoolean()).Select(s => s.GetProperty("name").GetString()!)]
                : throw new TuningException($"{path}: schema '{schema}' is not known; this version reads 'fettle.switches/1'");
        }
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new TuningException($"{path} is no switches file: {e.Message}", e);
        }
    }

    /// <summary>Writes any file of the user's: what was there is in the journal first.</summary>
    internal static void Write(TuningJournal journal, string action, string path, string text)
    {
        var full = Path.GetFullPath(path);
        var before = File.Exists(full) ? File.ReadAllBytes(full) : null;
        var plain = before is null ? null : Encoding.UTF8.GetString(before);
        var exact = plain is null || Encoding.UTF8.GetBytes(plain).AsSpan().SequenceEqual(before);
        journal.Append(new JournalEntry
        {
            Event = JournalEvent.Intent, Action = action, Target = Prefix + full, Before = exact ? plain : null, BeforeBytes = exact ? null : before, Do = [$"write {full}"], Undo = [before is null ? $"delete {full}" : $"restore {full}"],
        });
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        Replace(full, Encoding.UTF8.GetBytes(text));
        journal.Append(new JournalEntry { Event = JournalEvent.Applied, Action = action, Target = Prefix + full });
    }

    /// <summary>Brings back what was there when the journal's line was written; nothing of an interrupted writing stays beside it.</summary>
    public static void Restore(string path, JournalEntry intent)
    {
        var folder = Path.GetDirectoryName(path)!;
        var before = intent.BeforeBytes ?? (intent.Before is { } text ? Encoding.UTF8.GetBytes(text) : null);
        if (before is null && !Directory.Exists(folder))
        {
            return;
        }

        Directory.CreateDirectory(folder);
        File.Delete(Temporary(path));
        if (before is null)
        {
            File.Delete(path);
        }
        else
        {
            Replace(path, before);
        }
    }

    static void Replace(string path, byte[] content)
    {
        File.WriteAllBytes(Temporary(path), content);
        File.Move(Temporary(path), path, overwrite: true);
    }

    static string Temporary(string path) => path + ".tmp";
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class StringJson : System.Text.Json.Serialization.JsonSerializerContext;
