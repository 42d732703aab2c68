namespace Fettle.Redis.Connection;

/// <summary>The commands that wait for a reply, oldest first: a ring that grows. Not thread-safe; its owner holds a lock.</summary>
internal sealed class PendingLine
{
    PendingCommand?[] _items = new PendingCommand?[64];
    int _head;

    public int Count { get; private set; }

    public PendingCommand this[int index] => _items[(_head + index) & (_items.Length - 1)]!;

    public void Enqueue(PendingCommand command)
    {
        if (Count == _items.Length)
        {
            var larger = new PendingCommand?[_items.Length * 2];
            for (var i = 0; i < Count; i++)
            {
                larger[i] = this[i];
            }

            _items = larger;
            _head = 0;
        }

        _items[(_head + Count++) & (_items.Length - 1)] = command;
    }

    public PendingCommand Peek() => _items[_head]!;

    public PendingCommand Dequeue()
    {
        var command = _items[_head]!;
        _items[_head] = null;
        _head = (_head + 1) & (_items.Length - 1);
        Count--;
        return command;
    }
}
