namespace Fettle.Redis.Connection;

/// <summary>A bounded stack of idle commands behind a short lock.</summary>
internal sealed class PendingPool(int capacity)
{
    readonly PendingCommand?[] _items = new PendingCommand?[capacity];
    readonly Lock _gate = new();
    int _count;

    public PendingCommand? TryTake()
    {
        lock (_gate)
        {
            return _count == 0 ? null : _items[--_count];
        }
    }

    public void Return(PendingCommand command)
    {
        lock (_gate)
        {
            if (_count < _items.Length)
            {
                _items[_count++] = command;
            }
        }
    }
}
