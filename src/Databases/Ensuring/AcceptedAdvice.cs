using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.Databases;

/// <summary>Actions that a person accepted: the document <c>fettle.advice/1</c>, which a service applies at its start.</summary>
public sealed record AcceptedAdvice
{
    /// <summary>The name of this version of the document.</summary>
    public const string CurrentSchema = "fettle.advice/1";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The actions in the order in which they were accepted.</summary>
    public IReadOnlyList<AcceptedAction> Actions { get; init; } = [];

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">It is not a document of this version.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static AcceptedAdvice Read(string file)
    {
        AcceptedAdvice? advice;
        try
        {
            advice = JsonSerializer.Deserialize(File.ReadAllText(file), AcceptedAdviceJson.Default.AcceptedAdvice);
        }
        catch (JsonException e)
        {
            throw new FormatException($"'{file}' is not a {CurrentSchema} document: {e.Message}", e);
        }

        if (advice is not { Schema: CurrentSchema })
        {
            throw new FormatException($"'{file}' has the schema '{advice?.Schema}'; this version reads '{CurrentSchema}'");
        }

        foreach (var action in advice.Actions.Where(a => a.Id.Length == 0 || a.Object.Length == 0 || a.Do.Count == 0))
        {
            throw new FormatException($"'{file}': the action '{action.Id}' must have an id, the object that it makes, and statements");
        }

        return advice;
    }

    /// <summary>Adds actions to a file, which is made when it is missing and replaced as a whole; an action that is there already stays once.</summary>
    public static void Add(string file, IEnumerable<DatabaseAction> actions)
    {
        ArgumentNullException.ThrowIfNull(actions);
        var known = File.Exists(file) ? Read(file) : new AcceptedAdvice();
        var added = actions.Where(a => a.Risk == "low").Select(a => new AcceptedAction { Id = a.Id, Object = a.Evidence.Object, Do = a.Do, Undo = a.Undo });
        var text = JsonSerializer.Serialize(known with { Actions = [.. known.Actions.Concat(added).DistinctBy(a => a.Object)] }, AcceptedAdviceJson.Default.AcceptedAdvice);
        var part = file + ".part";
        File.WriteAllText(part, text + "\n");
        File.Move(part, file, overwrite: true);
    }
}

/// <summary>One accepted action: it only adds, an index as a rule.</summary>
public sealed record AcceptedAction
{
    /// <summary>Its name, for the log.</summary>
    public required string Id { get; init; }

    /// <summary>The index it makes: present and valid means that nothing is to be done.</summary>
    public required string Object { get; init; }

    /// <summary>Statements in order.</summary>
    public required IReadOnlyList<string> Do { get; init; }

    /// <summary>Statements that take it back; run when the build fails.</summary>
    public IReadOnlyList<string> Undo { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(AcceptedAdvice))]
internal sealed partial class AcceptedAdviceJson : JsonSerializerContext;
