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
        var before = File.Exists(full) ? File.ReadAllText(full) : null;
        journal.Append(new JournalEntry { Event = JournalEvent.Intent, Action = action, Target = Prefix + full, Before = before, Do = [$"write {full}"], Undo = [before is null ? $"delete {full}" : $"restore {full}"] });
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        Replace(full, text);
        journal.Append(new JournalEntry { Event = JournalEvent.Applied, Action = action, Target = Prefix + full });
    }

    public static void Restore(string path, string? before)
    {
        if (before is null)
        {
            File.Delete(path);
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Replace(path, before);
        }
    }

    static void Replace(string path, string text)
    {
        var temporary = path + ".tmp";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class StringJson : System.Text.Json.Serialization.JsonSerializerContext;
