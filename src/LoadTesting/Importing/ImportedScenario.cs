namespace Fettle.LoadTesting.Importing;

/// <summary>A scenario made of something recorded or described elsewhere.</summary>
/// <param name="Yaml">The scenario file.</param>
/// <param name="Files">Further files that it names, by name, to be written beside it.</param>
/// <param name="Notes">What was left out or made up, one sentence each.</param>
public sealed record ImportedScenario(string Yaml, IReadOnlyDictionary<string, string> Files, IReadOnlyList<string> Notes);

/// <summary>Makes scenarios of HAR files, OpenAPI descriptions and access logs.</summary>
public static class ScenarioImporter
{
    /// <summary>Imports an HTTP archive (HAR 1.2) as one user that repeats the recorded requests with their pauses.</summary>
    /// <param name="text">The archive.</param>
    /// <param name="name">Name of the scenario file.</param>
    /// <exception cref="InvalidDataException">The text is not an archive, or holds no request that can be sent.</exception>
    public static ImportedScenario FromHar(string text, string name) => Guarded(() => HarImport.Read(text, name));

    /// <summary>Imports an OpenAPI 3 description (JSON or YAML) as one request per operation, with examples or values made up from the schemas.</summary>
    /// <param name="text">The description.</param>
    /// <param name="name">Name of the scenario file.</param>
    /// <param name="allMethods">Also operations that change something (POST, PUT, PATCH, DELETE); default only GET and HEAD.</param>
    /// <exception cref="InvalidDataException">The text is not a description, or holds no operation that can be sent.</exception>
    public static ImportedScenario FromOpenApi(string text, string name, bool allMethods = false) => Guarded(() => OpenApiImport.Read(text, name, allMethods));

    /// <summary>
    /// Imports an access log (common or combined format) as a replay at the recorded times. Logs with whole seconds
    /// spread the requests of a second evenly within it. Only GET, HEAD and OPTIONS are replayed: a log has no bodies.
    /// </summary>
    /// <param name="text">The log.</param>
    /// <param name="name">Name of the scenario file; the requests stand in <c>name.csv</c>.</param>
    /// <exception cref="InvalidDataException">No line of the log can be replayed.</exception>
    public static ImportedScenario FromAccessLog(string text, string name) => Guarded(() => AccessLogImport.Read(text, name));

    /// <summary>A member of another type than the format says is a mistake of the file, wherever it is found.</summary>
    static ImportedScenario Guarded(Func<ImportedScenario> import)
    {
        try
        {
            return import();
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw new InvalidDataException($"a value has another type than its format says: {e.Message}", e);
        }
    }
}
