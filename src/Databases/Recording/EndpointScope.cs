namespace Fettle.Databases.Recording;

/// <summary>Counts the statements of one request; its end adds them to the accounts, which is how loops over one statement show.</summary>
internal sealed class EndpointScope(string name, EndpointScope? outer, Action<EndpointScope?> restore) : IDisposable
{
    readonly Lock _lock = new();
    Dictionary<StatementEntry, int>? _counts;
    bool _ended;

    public void Add(StatementEntry entry)
    {
        lock (_lock)
        {
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts ??= [], entry, out _)++;
        }
    }

    public void Dispose()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        restore(outer);
        lock (_lock)
        {
            if (_counts is null)
            {
                return;
            }

            foreach (var (entry, count) in _counts)
            {
                entry.AddEndpoint(name, count);
            }
        }
    }
}
