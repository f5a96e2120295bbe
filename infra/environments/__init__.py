"""The five environments of the product, the one its tests lay over them and the one of a server they need: one `.in` and one hashed lock each."""
