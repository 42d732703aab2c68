namespace Fettle.LoadTesting.Engine;

/// <summary>Lets several loops draw from one source.</summary>
sealed class SharedSource(IRequestSource source) : IRequestSource
{
    readonly Lock _lock = new();

    public LoadRequest Next()
    {
        lock (_lock)
        {
            return source.Next();
        }
    }
}
